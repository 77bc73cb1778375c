"""The version of the code that runs: a git commit where there is one."""

from __future__ import annotations

import functools
import os
import subprocess

from scripts.project import PROJECT


@functools.cache
def code_version() -> str | None:
    """`CODE_VERSION` where it is set, else the commit, with `+dirty` where files differ from it; else nothing."""
    given = os.environ.get("CODE_VERSION")
    if given:
        return given
    commit = _git("rev-parse", "--short=12", "HEAD")
    if not commit:
        return None
    return f"{commit}+dirty" if _git("status", "--porcelain", "--untracked-files=no") else commit


def _git(*arguments: str) -> str:
    try:
        ran = subprocess.run(
            ["git", *arguments],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=2,
            check=False,
            # A look must not take locks that a person's own git command needs.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
