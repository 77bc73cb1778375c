"""Where the project lies, and how dbt of the environment that runs this is called."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DBT = str(Path(sys.executable).with_name("dbt"))


def landing_name() -> str:
    """The landing area as the setting names it: in full, or from the project's folder."""
    return os.environ.get("LANDING_DIR", "data/landing")


def landing_folder() -> Path:
    """The landing area."""
    return PROJECT / landing_name()


def target_folder() -> Path:
    """The folder of dbt's artifacts."""
    return PROJECT / os.environ.get("DBT_TARGET_PATH", "target")
