"""The parts of a review that are not the data diff: what failed, tests that came and went, what a run costs; and where
the base comes from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from scripts.diff import rendering
from scripts.diff.project import DiffProblem, Known
from scripts.diff.report import Report, Side
from scripts.diff.rows import Comparison
from scripts.review import base, comment
from scripts.review.comment import Manifest, Run


def manifest(*tests: str) -> dict[str, Any]:
    nodes = {f"test.{name}": {"name": name, "resource_type": "test"} for name in tests}
    return {"nodes": {**nodes, "model.m": {"name": "m", "resource_type": "model"}}, "unit_tests": {}}


def result(seconds: float, status: str = "success", failures: int | None = None) -> dict[str, Any]:
    return {"status": status, "seconds": seconds, "failures": failures}


def written(
    before: Run | None = None, now: Run | None = None, base_has: Manifest | None = None, has: Manifest | None = None
) -> list[str]:
    """The comment's lines on two equal warehouses, without those of the diff."""
    same = Report(Side("b", Path("b")), Side("h", Path("h")), Comparison(), None, None, Known(), [])
    text = comment.comment(same, base_has or manifest(), has or manifest(), (before or {}, now or {}))
    diff = rendering.markdown(same).rstrip()
    assert diff in text
    return text.replace(diff, "").strip().splitlines()


def test_what_failed_comes_first_with_its_rows() -> None:
    run = {"keys": result(1, "fail", 1200), "late": result(1, "warn", 1), "m": result(1), "n": result(0, "error")}
    assert written(now=run) == [
        "### 3 nodes failed or warned",
        "- `keys`: fail, 1,200 rows",
        "- `late`: warn, 1 rows",
        "- `n`: error",
    ]
    assert written(now={"m": result(1)}) == []
    many = {f"t{n:02}": result(1, "fail", 1) for n in range(20)}
    assert written(now=many)[-1] == f"- and {20 - comment.SHOWN} more"


def test_tests_that_came_and_went_are_named() -> None:
    lines = written(base_has=manifest("a", "b"), has=manifest("b", "c", "d"))
    assert lines == ["### Tests: 2 added, 1 removed", "- added `c`", "- added `d`", "- removed `a`"]
    assert written(base_has=manifest("a"), has=manifest("a")) == []
    many = manifest(*(f"t{n:02}" for n in range(20)))
    assert f"- and {20 - comment.SHOWN} more" in written(has=many)


def test_cost_is_of_what_ran_and_names_what_is_no_chance() -> None:
    before = {"slow": result(1.0), "fast": result(4.0), "chance": result(1.0), "untouched": result(9.0)}
    now = {"slow": result(3.0), "fast": result(1.0), "chance": result(1.4), "fresh": result(2.0)}
    base_has = manifest("slow", "fast", "not_run_on_main")
    lines = written(before, now | {"not_run_on_main": result(5)}, base_has, base_has)
    assert lines == [
        "### Cost: 5 s, 6 s on main, for the 3 nodes that both built",
        "- `slow`: 3.0 s, 1.0 s on main",
        "- `fast`: 1.0 s, 4.0 s on main",
        "- `fresh`: 2.0 s, new",
    ]
    assert written(now=now) == []


def test_without_a_base_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "FOLDER", tmp_path)
    with pytest.raises(DiffProblem, match="Run `make base` first"):
        base.base()


GH = """#!/bin/sh
case "$*" in
  "run list"*) echo '[{"databaseId": 42}]';;
  "run download 42"*) mkdir -p "$7/target" && touch "$7/warehouse.duckdb" "$7/target/manifest.json";;
esac
"""


def test_what_main_stored_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gh").write_text(GH, encoding="utf-8")
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setattr(base, "FOLDER", tmp_path / "base")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("GH_TOKEN", "given by the workflow")
    assert base.fetch(None, Console(quiet=True)) == "what main stored in run 42"
    assert base.base().target == tmp_path / "base" / "target"


def test_a_commit_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "FOLDER", tmp_path)
    with pytest.raises(DiffProblem, match="no-such-branch names no commit here"):
        base.fetch("no-such-branch", Console(quiet=True))
