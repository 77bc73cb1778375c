"""Build two warehouses from one landing area: the base by the code of a commit, the head by that of the working tree.

Everything lies in a temporary folder, the commit's files too, and is gone afterwards: warehouses hold personal data.
Both are built in this environment, with the same keys, so that tokens are the same ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from scripts import keys, tokens
from scripts.diff.project import DiffProblem
from scripts.diff.report import Side
from scripts.project import DBT, PROJECT, landing_folder

LOCK = "requirements.lock"


@contextmanager
def build_both(ref: str, console: Console) -> Iterator[tuple[Side, Side, list[str]]]:
    """Both sides, and what their readers must know of how they were built."""
    with checked_out(ref) as code, tempfile.TemporaryDirectory(prefix="diff-") as name:
        folder = Path(name).resolve()
        base = build(code, folder / "base", f"{ref} ({commit_of(ref)[:12]})", console)
        head = build(PROJECT, folder / "head", "working tree", console)
        yield base, head, _notes(code, ref)


def commit_of(ref: str) -> str:
    """The commit that a branch, tag or commit names; raises a DiffProblem where it names none."""
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode:
        raise DiffProblem(f"{ref} names no commit here. Fetch it, or name another one.")
    return found.stdout.strip()


@contextmanager
def checked_out(ref: str) -> Iterator[Path]:
    """The files of a commit in a folder of their own, ready to be built, and gone afterwards."""
    commit = commit_of(ref)
    with tempfile.TemporaryDirectory(prefix="diff-") as name:
        code = Path(name).resolve() / "code"
        try:
            added = _git("worktree", "add", "--quiet", "--detach", str(code), commit)
            if added.returncode:
                raise DiffProblem(f"git could not check out {ref}: {added.stderr.strip()}")
            _run(code, {}, sys.executable, "-m", "scripts.install_packages")
            yield code
        finally:
            _git("worktree", "remove", "--force", str(code))


def build(project: Path, folder: Path, label: str, console: Console) -> Side:
    """Load a warehouse into a folder, then compile as for a first load: only that SQL shows where columns come from.

    Raises a DiffProblem where dbt fails.
    """
    # Each build would make a first key of its own, and with it other tokens.
    tokens.token_key(make=True)
    side = Side(label, folder / "warehouse.duckdb", folder / "target")
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "LANDING_DIR": str(landing_folder()),
        "WAREHOUSE_PATH": str(side.warehouse),
        "WAREHOUSE_KEYS": str(keys.folder()),
        "DBT_TARGET_PATH": str(side.target),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
        # The message is for those who watch the warehouse itself.
        "ALERT_WEBHOOK_URL": "",
    }
    for command in (["run"], ["compile", "--full-refresh"]):
        with console.status(f"Building {label}: dbt {command[0]}"):
            _run(project, environment, DBT, *command, "--quiet")
    return side


def _run(project: Path, environment: dict[str, str], *command: str) -> None:
    """Run a part of a build, with what it says on stderr, so that it gets into no report."""
    ran = subprocess.run(command, cwd=project, env=os.environ | environment, stdout=sys.stderr, check=False)
    if ran.returncode:
        what = " ".join(Path(part).name for part in command)
        raise DiffProblem(f"`{what}` failed in {'the working tree' if project == PROJECT else 'the base'}, see above.")


def _notes(code: Path, ref: str) -> list[str]:
    locks = [path.read_bytes() if path.exists() else b"" for path in (code / LOCK, PROJECT / LOCK)]
    if locks[0] == locks[1]:
        return []
    return [
        f"{LOCK} differs between {ref} and the working tree. Both were built with the packages that are installed, so "
        "what other versions change is not in here."
    ]


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
