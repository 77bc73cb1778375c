"""The gate before a publication: tests must pass, and tables must hold what their models produce.

Every test of severity error is run on the warehouse as it is, and must pass. Results of earlier runs do not count: they
may be of other rows, other tests, or another warehouse. The warehouse must be the same after them as before.

The project is compiled as it is, for this warehouse, and that SQL must pass the proof of containment
(scripts/proof). Then each model's SQL is run on the tables it reads, and must give the rows that the warehouse holds.
So it does not matter what ran, when, and by whom: rows that came by any other SQL than the proven are not published.
"""

from __future__ import annotations

import json
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

from scripts.columns import columns_of
from scripts.diff.relations import HISTORY_TABLES, LOAD_TIMES
from scripts.encryption import ALIAS, fingerprint, fingerprints, warehouse_path
from scripts.problem import Problem
from scripts.project import DBT, PROJECT
from scripts.proof.project import Node, read
from scripts.proof.prove import prove
from scripts.warehouse_file import attach_any, connect_encrypted, named_rows, refuse_missing


class GateClosed(Problem):
    """The warehouse may not be published. The message says why and what to do."""


@dataclass(frozen=True)
class Tested:
    """A warehouse with passed tests, open for reading, which keeps all others from writing.

    Its tables need no catalog before their names.
    """

    con: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    batch_id: int
    tests: int
    warned: int
    accepted: list[dict[str, Any]]


@contextmanager
def tested_warehouse() -> Iterator[Tested]:
    """Run the tests, then hold the warehouse open, unchanged, as long as the caller needs it."""
    path = warehouse_path()
    refuse_missing(path)
    with _reading(path) as con:
        before = _state(con)
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        manifest, tests, warned = _run_tests(Path(folder))
        models = proven_models(Path(folder))
    with _reading(path) as con:
        after = _state(con)
        if after != before:
            changed = sorted(t for t in before.keys() | after.keys() if before.get(t) != after.get(t))
            raise GateClosed(
                f"The warehouse changed while it was tested: {', '.join(changed[:5])}. Nothing was published; run "
                "again when no load is under way."
            )
        check_origin(con, models)
        accepted = accepted_differences(con)
        for one in accepted:
            click.echo(
                f"Known difference: {one['control']} of batch {one['batch_id']} is off by {one['difference']:+} "
                f"({one['reason']}), accepted by {one['accepted_by']} until {one['accepted_until']}.",
                err=True,
            )
        [(batch_id,)] = con.execute("select max(batch_id) from operations.batches").fetchall()
        yield Tested(con, manifest, batch_id, tests, warned, accepted)


def accepted_differences(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Accepted differences between control totals and the warehouse: by whom, why and until when."""
    return named_rows(
        con,
        """
        select
            control, batch_id, expected, found, difference, accepted_reason as reason, accepted_by,
            accepted_until::varchar as accepted_until
        from operations.control_results where outcome = 'accepted' order by batch_id, control
        """,
    )


@contextmanager
def _reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect_encrypted(path.with_name(path.name + ".publish.tmp")) as con:
        attach_any(con, path, ALIAS)
        con.execute(f"use {ALIAS}")
        yield con


def _state(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """Fingerprints of loaded data; tests may change run history and failing rows."""
    found = fingerprints(con, ALIAS)
    return {t: found[t] for t in found if t not in HISTORY_TABLES and not t.startswith("quality_failures.")}


def proven_models(folder: Path) -> list[Node]:
    """The models as they are compiled for this warehouse and a first load, which must pass the proof of containment;
    without those whose rows come from outside, by a reader or a hook, and count by what they declare.
    """
    if _dbt(folder, "compile", "--full-refresh"):
        raise GateClosed("The project could not be compiled, so nothing was published. dbt names the cause above.")
    project = read(folder / "manifest.json")
    proof = prove([project])
    # A rule for later loads accepts nothing here.
    found = [f"  {f.where}: {f.message}" for f in proof.findings if f.kind != "stale"]
    if found:
        raise GateClosed(
            f"Personal data does not stay where it is declared, so nothing was published ({len(found)} findings; "
            "`make privacy-check` explains them):\n" + "\n".join(found[:10])
        )
    opaque = {name for name, _ in proof.trusted}
    models = (node for node in project.nodes.values() if node.resource == "model" and node.layer != "staging")
    return [node for node in models if node.name not in opaque]


def check_origin(con: duckdb.DuckDBPyConnection, models: list[Node]) -> None:
    """Refuse where a table or view holds other rows than its model's SQL gives, columns by name and type."""
    tables = columns_of(con, ALIAS)
    different: dict[str, str] = {}
    for model in models:
        columns = [c for c in tables.get(f"{model.schema}.{model.table}", []) if c.name not in LOAD_TIMES]
        if not columns:
            if model.materialized != "ephemeral":
                different[model.name] = "was never built"
            continue
        listed = ", ".join(f'"{c.name}"::{c.data_type} as "{c.name}"' for c in columns)
        try:
            held, given = (
                fingerprint(con, f"(select {listed} from {relation})")
                for relation in (f'"{model.schema}"."{model.table}"', f"({model.sql})")
            )
        except duckdb.Error as error:
            different[model.name] = f"has SQL that does not run ({type(error).__name__})"
            continue
        if held != given:
            different[model.name] = f"holds {held[0]:,} rows, its SQL gives {given[0]:,}, or other values"
    if different:
        raise GateClosed(
            "These tables differ from what their models produce, so nothing was published:\n"
            + "\n".join(f"  {name} {what}" for name, what in different.items())
            + "\nRows were changed manually, or the models changed since they were loaded. If the models are right:\n"
            f"  dbt build --full-refresh --select {' '.join(different)}"
        )


def _dbt(folder: Path, *arguments: str) -> int:
    """Run dbt with its own target folder, its output on stderr; returns its exit code."""
    command = [DBT, *arguments, "--quiet", "--target-path", str(folder)]
    return subprocess.run(command, cwd=PROJECT, check=False, stdout=sys.stderr).returncode


def _run_tests(folder: Path) -> tuple[dict[str, Any], int, int]:
    """Run all data tests in a target folder of their own; returns dbt's manifest, tests run, and tests that warned."""
    code = _dbt(folder, "test", "--exclude-resource-type", "unit_test")
    try:
        manifest, ran = (json.loads((folder / f"{f}.json").read_text("utf-8")) for f in ("manifest", "run_results"))
    except FileNotFoundError:
        raise GateClosed("The tests could not be run, so nothing was published. See dbt's message above.") from None
    results = {r["unique_id"]: r["status"] for r in ran["results"]}
    expected = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "test"}
    failed = []
    for name, node in expected.items():
        status, is_error = results.get(name, "not run"), str(node["config"].get("severity")).lower() == "error"
        if status not in ("pass", "warn") and (is_error or status != "fail"):
            failed.append(f"  {node['name']}: {status}")
    if failed or code or not expected:
        raise GateClosed(
            f"{len(failed)} of {len(expected)} tests did not pass, so nothing was published, and what was published "
            "before stays as it is:\n" + "\n".join(failed)
        )
    return manifest, len(expected), list(results.values()).count("warn")
