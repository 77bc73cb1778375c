"""The steps of a benchmark on one landing area, and the databases that are loaded to be measured."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark.area import Area, land
from scripts.benchmark.floor import engine_settings, script
from scripts.benchmark.measure import Result, StepError, progress, run
from scripts.project import DBT, PROJECT

STEPS = ("floor", "load", "increments", "tests", "build", "queries")
FLOOR_REPEATS = 3
"""At least; the floor is cheap, and everything is divided by it."""


class Bench:
    """A database file with a dbt target folder of its own."""

    def __init__(self, folder: Path, name: str, landing: Path, memory: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}.duckdb"
        self.target = folder / f"target_{name}"
        self._files = (self.path, self.path.with_name(self.path.name + ".wal"))
        self._logs = folder / "logs"
        self._environment = {
            "LANDING_DIR": str(landing.resolve()),
            "WAREHOUSE_PATH": str(self.path),
            "DBT_TARGET_PATH": str(self.target),
            "DBT_LOG_PATH": str(self._logs / "dbt"),
            "DBT_TARGET": "dev",
            "DO_NOT_TRACK": "1",
        }
        if memory:
            self._environment["WAREHOUSE_MEMORY"] = memory

    def begin(self) -> None:
        """Begin with no database, and a project that dbt has not parsed."""
        self.remove()
        (self.target / "partial_parse.msgpack").unlink(missing_ok=True)

    def run(self, result: Result, *command: object) -> None:
        """Run a command and add to the result what it took, with the size of the database and of its log."""
        log = self._logs / (result.name.replace(" ", "_") + ".log")
        run(result, command, PROJECT, self._environment, log)
        result.database_bytes = sum(path.stat().st_size for path in self._files if path.is_file())

    def remove(self) -> None:
        """Remove the database and its log, if there is one."""
        for path in self._files:
            path.unlink(missing_ok=True)


@dataclass
class Steps:
    """Measures one landing area in a folder of its own."""

    folder: Path
    area: Area
    repeat: int = 1
    memory: str = ""

    def floor(self) -> list[Result]:
        """Every file into one plain DuckDB database."""
        bench, work = self.bench("floor"), self.folder / "floor.json"
        settings = engine_settings() | ({"memory_limit": self.memory} if self.memory else {})
        work.write_text(json.dumps([settings, script(self.area.path)]), encoding="utf-8")
        command = (sys.executable, "-m", "scripts.benchmark.plain_duckdb", bench.path, work)
        return self.anew("floor", bench, *command, times=max(self.repeat, FLOOR_REPEATS))

    def load(self) -> list[Result]:
        """All batches at once into a new warehouse, and what dbt's parsing takes of it."""
        bench, parse, load = self.bench("load"), Result("parse"), Result("load", rows=self.area.total_rows)
        for number in range(self.repeat):
            progress(f"load, run {number + 1}")
            bench.begin()
            bench.run(parse, DBT, "parse", "--no-partial-parse", "--quiet")
            parse.database_bytes = 0
            bench.begin()
            bench.run(load, DBT, "run")
        return [parse, load]

    def tests(self) -> list[Result]:
        """The project's tests on the loaded warehouse."""
        result = Result("tests", rows=self.area.total_rows)
        for number in range(self.repeat):
            progress(f"tests, run {number + 1}")
            self.loaded().run(result, DBT, "test")
        return [result]

    def build(self) -> list[Result]:
        """Seeds, snapshots, models and tests, all batches at once, into a new warehouse."""
        return self.anew("build", self.bench("build"), DBT, "build", times=self.repeat)

    def anew(self, step: str, bench: Bench, *command: object, times: int = 1) -> list[Result]:
        """Everything at once by a command, each time into a new database; the last is removed, too."""
        result = Result(step, rows=self.area.total_rows)
        for number in range(times):
            progress(f"{step}, run {number + 1}")
            bench.begin()
            bench.run(result, *command)
        bench.remove()
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
            bench.run(result, DBT, "run")
            results.append(result)
        bench.remove()
        return results

    def bench(self, name: str) -> Bench:
        """A database that holds the whole landing area."""
        return Bench(self.folder, name, self.area.path, self.memory)

    def loaded(self) -> Bench:
        """The warehouse that the step `load` has made."""
        bench = self.bench("load")
        if not bench.path.is_file():
            raise StepError(
                f"There is no warehouse in {self.folder} to measure. Name the step `load` too, or leave out --only."
            )
        return bench
