"""The gate before a publication: every test of severity error is run on the warehouse as it is, and must pass.

Results of earlier runs do not count: they may be of other rows, other tests, or another warehouse. The tests are run
here, all of them, and the warehouse must be the same after them as before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import duckdb

from scripts.compare_warehouses import HISTORY_TABLES
from scripts.encryption import ALIAS, EncryptionProblem, fingerprints, is_encrypted, warehouse_path
from scripts.keys import PROJECT
from scripts.warehouse_file import attach_any, connect_encrypted


class GateClosed(Exception):
    """The warehouse may not be published. The message says why and what to do."""


@dataclass(frozen=True)
class Tested:
    """A warehouse whose tests passed, open for reading; nobody can write it while it is."""

    con: duckdb.DuckDBPyConnection
    catalog: str
    manifest: dict[str, Any]
    tests: int
    warned: int
    accepted: list[dict[str, Any]]
    fingerprints: dict[str, tuple[int, int]]


@contextmanager
def tested_warehouse() -> Iterator[Tested]:
    """Run the tests, then hold the warehouse open, unchanged, as long as the caller needs it."""
    path = warehouse_path()
    if not path.exists():
        raise EncryptionProblem(f"There is no {path}. Load the warehouse first, with `make build`.")
    if os.environ.get("DBT_TARGET") == "prod" and not is_encrypted(path):
        raise EncryptionProblem(f"{path} is a plain file, but the target prod keeps its warehouse encrypted.")
    with _reading(path) as con:
        before = _state(con, ALIAS)
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        manifest, tests, warned = _run_tests(Path(folder))
    with _reading(path) as con:
        after = _state(con, ALIAS)
        if after != before:
            changed = sorted(t for t in before.keys() | after.keys() if before.get(t) != after.get(t))
            raise GateClosed(
                f"The warehouse changed while it was tested: {', '.join(changed[:5])}. Nothing was published; run "
                "again when no load is under way."
            )
        accepted = accepted_differences(con)
        for one in accepted:
            click.echo(
                f"Known difference: {one['control']} of batch {one['batch_id']} is off by {one['difference']:+} "
                f"({one['reason']}), accepted by {one['accepted_by']} until {one['accepted_until']}.",
                err=True,
            )
        yield Tested(con, ALIAS, manifest, tests, warned, accepted, after)


def accepted_differences(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Control totals that differ from the warehouse by what somebody has accepted, with who, why and until when."""
    result = con.execute(
        "select control, batch_id, expected, found, difference, accepted_reason as reason, accepted_by, "
        "accepted_until::varchar as accepted_until "
        f"""from {ALIAS}.operations.control_results where outcome = 'accepted' order by batch_id, control"""
    )
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@contextmanager
def _reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect_encrypted(path.with_name(path.name + ".publish.tmp")) as con:
        attach_any(con, path, ALIAS)
        yield con


def _state(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, tuple[int, int]]:
    """Fingerprints of what was loaded; tests may change what is noted about runs and kept of failing rows."""
    return {
        t: f
        for t, f in fingerprints(con, catalog).items()
        if t not in HISTORY_TABLES and not t.startswith("quality_failures.")
    }


def _run_tests(folder: Path) -> tuple[dict[str, Any], int, int]:
    """Run all data tests in a target folder of their own; returns dbt's manifest, tests run, and tests that warned."""
    dbt = str(Path(sys.executable).with_name("dbt"))
    command = [dbt, "test", "--quiet", "--exclude-resource-type", "unit_test", "--target-path", str(folder)]
    ran = subprocess.run(command, cwd=PROJECT, check=False, stdout=sys.stderr)
    results_file, manifest_file = folder / "run_results.json", folder / "manifest.json"
    if not results_file.exists() or not manifest_file.exists():
        raise GateClosed("The tests could not be run, so nothing was published. What dbt said above names the cause.")
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    results = {r["unique_id"]: r["status"] for r in json.loads(results_file.read_text(encoding="utf-8"))["results"]}
    expected = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "test"}
    failed = []
    for name, node in expected.items():
        fine = ("pass", "warn") if str(node["config"].get("severity")).lower() == "error" else ("pass", "warn", "fail")
        if results.get(name, "not run") not in fine:
            failed.append(f"  {node['name']}: {results.get(name, 'not run')}")
    if failed or ran.returncode or not expected:
        raise GateClosed(
            f"{len(failed)} of {len(expected)} tests did not pass, so nothing was published, and what was published "
            "before stays as it is:\n" + "\n".join(failed)
        )
    return manifest, len(expected), sum(1 for s in results.values() if s == "warn")
