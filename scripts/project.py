"""Where the project lies, and how dbt of the environment that runs this is called."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DBT = str(Path(sys.executable).with_name("dbt"))


def target_folder() -> Path:
    """Where dbt writes what it compiles and what it says of a run."""
    return PROJECT / os.environ.get("DBT_TARGET_PATH", "target")
