"""The canary's report says what breaks with the newest versions, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from scripts.upgrade_canary import PACKAGES, STEPS, Tried, deprecations, renew, report

PIP = """#!/bin/sh
# Knows nothing newer of duckdb, cannot build a package that dbt-core needs, has an old click, and has all else.
case "$*" in
  *check)
    echo "dbt-core 2.0 requires parser, which is not installed."
    [ -e "$0.click" ] || echo "dbt-core 2.0 has requirement click<10,>=9, but you have click 8."
    exit 1;;
  *duckdb-extensions*) echo "ERROR: no matching distribution" >&2; exit 1;;
  *--no-deps*) exit 0;;
  *dbt-core*|*parser) printf '    RuntimeError: failed to download\nerror: metadata-generation-failed\n' >&2; exit 1;;
  *"click<10,>=9") touch "$0.click";;
esac
"""


def tried(name: str, **failed: str) -> Tried:
    """An environment in which the steps named fail, saying this."""
    results = {step: (int(step in failed), 10.0, failed.get(step, "fine")) for step in STEPS}
    versions = {package: name for group in PACKAGES for package in group}
    return Tried(name, Path("bin"), Path("folder"), versions, results=results)


def test_each_package_is_tried_and_its_way_told(tmp_path: Path) -> None:
    (tmp_path / "python").write_text(PIP, encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    environment = Tried("newest", tmp_path, tmp_path)
    renew(environment, Console(quiet=True))
    said = " ".join(environment.notes)
    assert len(environment.notes) == 4
    assert "dbt-core: installed without what else it needs. pip says: RuntimeError: failed to download" in said
    assert "duckdb, duckdb-extensions, duckdb-extension-httpfs: keeps the locked version" in said
    assert "parser: needed, and cannot be installed. pip says: RuntimeError: failed to download" in said
    assert "Does not fit: dbt-core 2.0 requires parser, which is not installed." in said and "click" not in said


def test_what_breaks_is_told_with_its_output() -> None:
    text = report(tried("1.0"), tried("2.0", build="1 of 2 PASS fine\nline\nDecimal is gone"), "same")
    assert "9 of 9 packages have a newer version. These break: build." in text
    assert "| dbt-core | 1.0 | 2.0 |" in text and "| build | passed, 10 s | failed, 10 s |" in text
    assert "## build, 2.0\n\n```\nline\nDecimal is gone\n```" in text


def test_what_fails_with_both_is_not_the_newest_ones_fault() -> None:
    assert "Nothing breaks." in report(tried("1.0", lint="x"), tried("1.0", lint="x"), "same")


@pytest.mark.parametrize(("said", "found"), [("[WARNING]: Deprecated functionality", 1), ("Nothing to do", 0)])
def test_deprecations_are_found(said: str, found: int) -> None:
    assert len(deprecations(f"Found 3 models\n{said}\nDone")) == found
