"""The steps of a benchmark on one landing area, and the warehouses that are loaded to be measured."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark.area import Area, land
from scripts.benchmark.floor import engine_settings, statements
from scripts.benchmark.measure import Result, StepError, progress, run
from scripts.project import DBT, PROJECT

STEPS = ("floor", "load", "increments", "tests", "build", "queries")
FLOOR_REPEATS = 3
"""At least; the floor is cheap, and everything is divided by it."""


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


def _files(path: Path) -> tuple[Path, Path]:
    return (path, path.with_name(path.name + ".wal"))


@dataclass
class Steps:
    """Measures one landing area in a folder of its own."""

    folder: Path
    area: Area
    repeat: int = 1
    memory: str = ""

    def _runs(self, step: str, times: int) -> Iterator[None]:
        """Say each run of a step before it begins."""
        for number in range(times):
            progress(f"{step}, run {number + 1}")
            yield

    def floor(self) -> list[Result]:
        """Every file into one plain DuckDB database."""
        result = Result("floor", rows=self.area.total_rows)
        database, work = self.folder / "floor.duckdb", self.folder / "floor.json"
        settings = engine_settings() | ({"memory_limit": self.memory} if self.memory else {})
        work.parent.mkdir(parents=True, exist_ok=True)
        work.write_text(json.dumps([settings, statements(self.area.path)]), encoding="utf-8")
        command = [sys.executable, "-m", "scripts.benchmark.plain_duckdb", database, work]
        for _ in self._runs("floor", max(self.repeat, FLOOR_REPEATS)):
            remove_database(database)
            run(result, command, PROJECT, {}, self.folder / "logs" / "floor.log")
            result.database_bytes = database_bytes(database)
        remove_database(database)
        return [result]

    def load(self) -> list[Result]:
        """All batches at once into a new warehouse, and what dbt's parsing takes of it."""
        parse = Result("parse")
        result = Result("load", rows=self.area.total_rows)
        for _ in self._runs("load", self.repeat):
            self.loaded.begin()
            self.loaded.dbt(parse, "parse", "--no-partial-parse", "--quiet")
            parse.database_bytes = 0
            self.loaded.begin()
            self.loaded.dbt(result, "run")
        return [parse, result]

    def tests(self) -> list[Result]:
        """The project's tests on the loaded warehouse."""
        result = Result("tests", rows=self.area.total_rows)
        for _ in self._runs("tests", self.repeat):
            self.need_loaded().dbt(result, "test")
        return [result]

    def build(self) -> list[Result]:
        """Seeds, snapshots, models and tests, all batches at once, into a new warehouse."""
        return self.anew("build", "build")

    def anew(self, step: str, command: str) -> list[Result]:
        """All batches at once by a command of dbt, into a new warehouse that is then removed."""
        result = Result(step, rows=self.area.total_rows)
        bench = Bench(self.folder, "build", self.area.path, self.memory)
        for _ in self._runs(step, self.repeat):
            bench.begin()
            bench.dbt(result, command)
        remove_database(bench.path)
        return [result]

    def increments(self) -> list[Result]:
        """One batch after another, each as it lands; the first is the history."""
        growing = self.folder / "growing"
        shutil.rmtree(growing, ignore_errors=True)
        growing.mkdir(parents=True)
        bench = Bench(self.folder, "increments", growing, self.memory)
        bench.begin()
        results = []
        for batch, rows in sorted(self.area.rows.items()):
            progress(f"batch {batch} of {max(self.area.rows)}")
            land(batch, self.area.path, growing)
            result = Result(f"batch {batch}", rows=rows)
            bench.dbt(result, "run")
            results.append(result)
        remove_database(bench.path)
        return results

    @property
    def loaded(self) -> Bench:
        """The warehouse that the step `load` makes."""
        return Bench(self.folder, "load", self.area.path, self.memory)

    def need_loaded(self) -> Bench:
        """The same, which must be there."""
        if not self.loaded.path.is_file():
            raise StepError(
                f"There is no warehouse in {self.folder} to measure. Name the step `load` too, or leave out --only."
            )
        return self.loaded
