"""A warehouse that is loaded to be measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scripts.benchmark.measure import Result, run
from scripts.project import DBT, PROJECT


class Bench:
    """A warehouse file with a dbt target folder of its own."""

    def __init__(self, folder: Path, name: str, landing: Path, memory: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}.duckdb"
        self.target = folder / f"target_{name}"
        self._logs = folder / "logs"
        self.environment = {
            "LANDING_DIR": str(landing.resolve()),
            "WAREHOUSE_PATH": str(self.path),
            "DBT_TARGET_PATH": str(self.target),
            "DBT_LOG_PATH": str(self._logs / "dbt"),
            "DBT_TARGET": "dev",
            "DO_NOT_TRACK": "1",
        }
        if memory:
            self.environment["WAREHOUSE_MEMORY"] = memory

    def begin(self) -> None:
        """Begin with no warehouse, and a project that dbt has not parsed."""
        remove_database(self.path)
        (self.target / "partial_parse.msgpack").unlink(missing_ok=True)

    def dbt(self, result: Result, *arguments: str) -> None:
        """Run dbt and add what it took to the result."""
        log = self._logs / (result.name.replace(" ", "_") + ".log")
        run(result, [DBT, *arguments], PROJECT, self.environment, log)
        result.database_bytes = database_bytes(self.path)


def database_bytes(path: Path) -> int:
    """Size of a database, with what it has not yet written back."""
    return sum(p.stat().st_size for p in _files(path) if p.is_file())


def remove_database(path: Path) -> None:
    """Remove a database and its log, if there is one."""
    for file in _files(path):
        file.unlink(missing_ok=True)


def _files(path: Path) -> Sequence[Path]:
    return (path, path.with_name(path.name + ".wal"))
