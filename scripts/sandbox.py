"""What SQL in a model may reach: the landing area, the seeds, the warehouse's own files, and nothing else.

DuckDB checks paths as they are written, so a folder that was named relatively is allowed in that form and in full. The
folder that holds the warehouse is not allowed as a whole: keys or published files may lie beside it.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from scripts.project import PROJECT, landing_name
from scripts.sql import literal

SEEDS = "seeds"


def close_sandbox(con: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """Allow the landing area, the seeds and the files given, then nothing else, and lock the settings."""
    folders = [form for name in (landing_name(), SEEDS) for form in _forms(name)]
    con.execute(f"set allowed_directories = [{', '.join(literal(f) for f in folders)}]")
    con.execute(f"set allowed_paths = [{', '.join(literal(f) for name in files for f in _forms(name))}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")


def _forms(name: str) -> list[str]:
    """A path as it was written and in full."""
    return list(dict.fromkeys([name, str(PROJECT / Path(name))]))
