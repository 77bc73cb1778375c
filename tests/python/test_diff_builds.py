"""A model is changed on purpose in a copy of the project, and the data diff says exactly what that does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from warehouse import Warehouse, copy_project

MODEL = "models/marts/trading/executions.sql"
DURATION = "{{ seconds_of('trades.sk_create_time_id') }} as seconds_open"
LONGER = DURATION.replace("}} as", "}} + case when trades.status = 'Completed' then 1 else 0 end as")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A commit of the project, with a change on top of it that is not committed."""
    folder = copy_project(tmp_path_factory.mktemp("diff") / "project")
    git = ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "Before"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    model = folder / MODEL
    text = model.read_text(encoding="utf-8")
    assert DURATION in text
    model.write_text(text.replace(DURATION, LONGER), encoding="utf-8")
    with open(folder / "requirements.lock", "a", encoding="utf-8") as lock:
        lock.write("# another one\n")
    return folder


def rows(text: str, section: str) -> dict[str, list[str]]:
    """A table of the Markdown, by its first column."""
    lines = text.split(f"### {section}\n")[1].split("\n### ")[0].strip().splitlines()[2:]
    cells = [[cell.strip(" `") for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]
    return {name: rest for name, *rest in cells}


@pytest.mark.long
def test_a_changed_model_is_told_in_numbers(project: Path, loaded: Warehouse, room: Path) -> None:
    before = set(Path(room).iterdir())
    ran = subprocess.run(
        [sys.executable, "-m", "scripts.diff", "--base-ref", "HEAD", "--html", str(room / "diff.html")],
        cwd=project,
        env={**os.environ, "LANDING_DIR": str(loaded.landing), "TMPDIR": str(room), "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    text = ran.stdout
    ((trades, completed, seconds),) = loaded.query(
        "select count(*), count(*) filter (status = 'Completed'), sum(seconds_open) filter (status = 'Completed') "
        "from marts.executions"
    )
    ((days, with_trades),) = loaded.query("select count(*), count(*) filter (completed > 0) from marts.execution_days")
    assert rows(text, "Rows") == {
        "marts.executions": [f"{trades:,}", f"{trades:,}", "0", "0", f"{completed:,}", "trade_id"],
        "marts.execution_days": [
            *(f"{days:,}", f"{days:,}", "0", "0", f"{with_trades:,}"),
            "closed_on, type, exchange_id, industry",
        ],
    }
    assert rows(text, "Columns").keys() == {"marts.executions.seconds_open", "marts.execution_days.seconds_to_fill"}
    moved = rows(text, "Metrics")
    assert moved.keys() == {"fill_seconds", "fill_time"}
    assert moved["fill_seconds"][:2] == [f"{seconds:,}", f"{seconds + completed:,}"]
    assert (
        rows(text, "Columns downstream")["marts.executions.seconds_open"][1]
        == "1: `marts.execution_days.seconds_to_fill"
    )
    concerned = rows(text, "Who is concerned")
    assert concerned["Trading"] == ["Analysts analysts&#64;example.com", "marts.execution_days", "–"]
    assert "### Schema" not in text and "Not followed" not in text
    assert re.search(r"^> requirements.lock differs between HEAD", text, re.M)
    # Nothing is left of the builds, neither files nor the commit's working tree.
    assert set(Path(room).iterdir()) - before == {room / "diff.html"}
    worktrees = subprocess.run(["git", "worktree", "list"], cwd=project, capture_output=True, text=True, check=True)
    assert len(worktrees.stdout.splitlines()) == 1
