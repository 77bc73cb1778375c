"""A warehouse per test: dbt runs on it as a user would run it, in a separate process.

Starting dbt costs seconds of imports and of parsing, so processes are forked from one that has imported it and read the
project already; and every warehouse is reached by the same path, since dbt reparses when a path in the profile
changes.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import duckdb

from scripts.diff.rows import differences

PROJECT = Path(__file__).resolve().parents[2]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["dbt.cli.main", "dbt.adapters.duckdb", "scripts.duckdb_plugin", "tests.python.parsed_project"]
)
# Variables that are read while models run. Any other may change what is parsed.
RUN_TIME_VARIABLES = {"through_batch", "max_rejected_share", "expected_through"}


# The star schema and what accounts for its rows, half the models of a load, where a test asks for no more.
ROWS_ONLY = ("--select", "+core", "+reconciliation", "+control_results", "ignored_files")
# Tables that this leaves out, besides the marts, and what is noted of those that wait to be built.
NOT_ROWS = {
    f"operations.{name}" for name in ("column_profile", "batch_series", "series_forecasts", "anomalies", "rebuilds_due")
}


@dataclass(frozen=True)
class Ran:
    """Exit code and output of a dbt run."""

    code: int | None
    output: str


class Warehouse:
    """A DuckDB file in its own folder, loaded from a landing area."""

    def __init__(self, folder: Path, landing: Path, session: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.landing, self.session = folder, landing, session
        self.path = folder / "warehouse.duckdb"
        self.environment: dict[str, str] = {}

    def start(self, *arguments: str, **variables: object) -> BaseProcess:
        """Start dbt and do not wait for it."""
        slot = self.session / "slot"
        slot.unlink(missing_ok=True)
        slot.symlink_to(self.folder)
        is_parsed = set(variables) <= RUN_TIME_VARIABLES and "DBT_TARGET" not in self.environment
        target = "_".join(["target", *(f"{k}_{v}" for k, v in variables.items() if not is_parsed)])
        environment = {
            "LANDING_DIR": str(self.landing),
            "WAREHOUSE_PATH": str(slot / self.path.name),
            "DBT_TARGET_PATH": str(self.session / target),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DBT_LOG_LEVEL_FILE": "none",
            "DO_NOT_TRACK": "1",
        }
        command = [*arguments, *(["--vars", json.dumps(variables)] if variables else [])]
        if "PARSED_PROJECT" not in os.environ:
            self._parse(environment | {"DBT_TARGET_PATH": str(self.session / "target")})
        # What dbt writes about a run is read by no test; writing it takes half a second.
        environment |= {"DBT_WRITE_JSON": "false"} | self.environment
        output = str(self.folder / "output")
        process = FORKS.Process(target=_run_dbt, args=(command, environment, output, is_parsed))
        process.start()
        return process

    def _parse(self, environment: dict[str, str]) -> None:
        """Let dbt parse the project, once in a session and before the first fork."""
        dbt = Path(sys.executable).with_name("dbt")
        subprocess.run([dbt, "parse", "--quiet"], cwd=PROJECT, check=True, env=os.environ | environment)
        os.environ["PARSED_PROJECT"] = str(self.session / "target" / "partial_parse.msgpack")

    def dbt(self, *arguments: str, **variables: object) -> Ran:
        """Run dbt and wait for its end."""
        process = self.start(*arguments, **variables)
        process.join()
        return Ran(process.exitcode, (self.folder / "output").read_text(encoding="utf-8"))

    def load(self, *arguments: str, **variables: object) -> str:
        """Load what has landed, and expect success."""
        ran = self.dbt("run", *arguments, **variables)
        assert ran.code == 0, ran.output
        return ran.output

    def refuse(self, *arguments: str, **variables: object) -> str:
        """Try to load what has landed, and expect a message instead, without a traceback."""
        ran = self.dbt("run", *arguments, **variables)
        assert ran.code, f"should have been refused:\n{ran.output}"
        assert "Traceback" not in ran.output
        return ran.output

    def copy(self, folder: Path, landing: Path | None = None) -> Warehouse:
        """The same warehouse in another folder, loaded from another landing area from now on."""
        twin = Warehouse(folder, landing or self.landing, self.session)
        assert not self.path.with_name("warehouse.duckdb.wal").exists(), "the warehouse was not closed"
        shutil.copy(self.path, twin.path)
        return twin

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with duckdb.connect(str(self.path), read_only=True) as con:
            return con.execute(sql).fetchall()

    def unlike(self, other: Warehouse, rows_only: bool = False) -> dict[str, str]:
        """Tables in which two warehouses differ, each with the rows that only one has and the columns that differ;
        `rows_only` where one of them was loaded so."""
        return {
            d.table: f"{d.removed} | {d.added} {[column.name for column in d.other_columns()]}"
            for d in differences(self.path, other.path).different
            if not any(relation and relation.definition for relation in (d.before, d.after))
            and (not rows_only or (d.table not in NOT_ROWS and not d.table.startswith("marts.")))
        }


def _run_dbt(command: list[str], environment: dict[str, str], output: str, is_parsed: bool) -> None:
    """Become dbt, as the leader of a process group, so that it can be killed with all it starts."""
    gc.disable()  # The process is too short-lived to be worth a collection.
    os.setsid()
    os.chdir(PROJECT)
    os.environ.update(environment)
    with open(output, "wb") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    from dbt.cli.main import dbtRunner

    manifest = importlib.import_module("tests.python.parsed_project").MANIFEST
    ran = dbtRunner(manifest=manifest if is_parsed else None).invoke(command)
    if ran.exception:
        print(ran.exception, file=sys.stderr)
    atexit._run_exitfuncs()  # A fork ends without them, and it is then that dbt closes the warehouse.
    sys.exit(0 if ran.success else 1)


def generate(folder: Path, *options: str) -> Path:
    """A new landing area of three batches."""
    command = [sys.executable, "-m", "scripts.generate_landing", "--out", str(folder), "--scale", "0.01"]
    subprocess.run([*command, "--days", "2", "--seed", "7", *options], cwd=PROJECT, check=True, capture_output=True)
    return folder


def copy_landing(landing: Path, copy: Path) -> Path:
    """A landing area of a test's own, with the files' times; bytes are shared until a file is rewritten."""
    shutil.copytree(landing, copy, copy_function=os.link)
    return copy


def copy_project(folder: Path) -> Path:
    """The project's files and packages in another folder, for tests that change models."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True).stdout.decode()
    for name in listed.split("\0"):
        if name and (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)
    shutil.copytree(PROJECT / "dbt_packages", folder / "dbt_packages")
    return folder


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file, and no other one that shares its bytes."""
    changed = change(path.read_bytes())
    path.unlink()
    path.write_bytes(changed)
