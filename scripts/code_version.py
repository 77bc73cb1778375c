"""The version of the code that runs: a git commit where there is one."""

from __future__ import annotations

import functools
import os
import subprocess
from contextlib import suppress

from scripts.project import PROJECT


@functools.cache
def code_version() -> str | None:
    """`CODE_VERSION` where it is set, else the commit, with `+dirty` where files differ from it; else nothing."""
    if given := os.environ.get("CODE_VERSION"):
        return given
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+dirty", "--exclude=*"]
    # A look must not take locks that a person's own git command needs.
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    with suppress(OSError, subprocess.TimeoutExpired):
        ran = subprocess.run(command, cwd=PROJECT, env=quiet, capture_output=True, text=True, timeout=2, check=False)
        return ran.stdout.strip() or None
    return None
