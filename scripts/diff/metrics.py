"""Metrics of the semantic layer on both sides: MetricFlow writes each side's SQL, DuckDB runs it.

A metric's value is one number over all rows. It is left out where a table it reads has a column that is personal or
not classified, since a smallest or largest value is a person's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import duckdb

from scripts.diff.project import Built
from scripts.diff.relations import SIDES, place

if TYPE_CHECKING:
    from metricflow.protocols.sql_client import SqlClient

AGGREGATED = {"public", "internal", "confidential"}
Number = int | float | Decimal


@dataclass(frozen=True)
class Metric:
    """A metric's value on both sides, or why there is none."""

    name: str
    label: str
    before: Number | None
    after: Number | None
    problem: str = ""

    @property
    def differs(self) -> bool:
        """Whether the values differ by more than the order of adding up explains."""
        if self.before is None or self.after is None:
            return self.before is not self.after
        return not math.isclose(self.before, self.after, rel_tol=1e-12, abs_tol=1e-12)

    @property
    def share(self) -> float | None:
        """The change, as a share of the value before."""
        if self.before is None or self.after is None or not self.before:
            return None
        return float(self.after) / float(self.before) - 1


def metrics(con: duckdb.DuckDBPyConnection, base: Built, head: Built) -> list[Metric]:
    """All metrics of either side, evaluated on its own warehouse by its own definition."""
    before, after = (_evaluate(con, built, side) for built, side in zip((base, head), SIDES, strict=True))
    labels = {metric.name: metric.label for built in (base, head) for metric in built.project.metrics}
    nothing: tuple[None, str] = (None, "")
    found = []
    for name, label in sorted(labels.items()):
        (old, lacks), (new, lacks_now) = before.get(name, nothing), after.get(name, nothing)
        problem = lacks_now or lacks or ("" if name in before or name in after else "no semantic manifest has it")
        found.append(Metric(name, label, old, new, problem))
    return found


def _evaluate(con: duckdb.DuckDBPyConnection, built: Built, side: str) -> dict[str, tuple[Number | None, str]]:
    """Each metric's value, or why there is none."""
    from metricflow_semantics.errors.error_classes import MetricFlowException

    file = built.folder / "semantic_manifest.json"
    if not file.is_file():
        return {}
    text, relations = _on(side, file.read_text(encoding="utf-8"))
    personal = {quoted: table for quoted, table in relations.items() if not _may_be_told(built, table)}
    names = [metric["name"] for metric in json.loads(text)["metrics"]]
    try:
        write = _writer(text)
    except MetricFlowException as error:
        problem = f"the semantic manifest of the {side} cannot be used ({type(error).__name__})"
        return dict.fromkeys(names, (None, problem))
    found: dict[str, tuple[Number | None, str]] = {}
    for name in names:
        try:
            sql = write(name)
            if reads := [table for quoted, table in personal.items() if quoted in sql]:
                found[name] = None, f"it reads {reads[0]}, which has personal or unclassified columns"
                continue
            value = con.execute(sql).fetchall()[0][0]
        except (MetricFlowException, duckdb.Error) as error:
            # What the database says may quote a value.
            found[name] = None, f"it cannot be evaluated on the {side} ({type(error).__name__})"
            continue
        is_number = value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))
        found[name] = (value, "") if is_number else (None, "it is no number")
    return found


def _on(side: str, text: str) -> tuple[str, dict[str, str]]:
    """A semantic manifest whose tables are those of one side's catalog, and these tables by their names in SQL."""
    relations = {}

    def renamed(part: dict[str, Any]) -> dict[str, Any]:
        if "relation_name" in part:
            table = f"{part['schema_name']}.{part['alias']}"
            part["relation_name"] = place(side, table)
            relations[part["relation_name"]] = table
        return part

    return json.dumps(json.loads(text, object_hook=renamed)), relations


def _may_be_told(built: Built, table: str) -> bool:
    known = built.tables.get(table)
    return known is not None and {column.classification for column in known.columns.values()} <= AGGREGATED


def _writer(text: str) -> Callable[[str], str]:
    """What writes a metric's SQL. MetricFlow takes a second to import, so it is imported only here."""
    from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
    from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    class Writer:
        """What MetricFlow asks of a database when it only writes SQL."""

        sql_engine_type = SqlEngine.DUCKDB
        sql_plan_renderer = DuckDbSqlPlanRenderer()

    manifest = parse_manifest_from_dbt_generated_manifest(manifest_json_string=text)
    engine = MetricFlowEngine(SemanticManifestLookup(manifest), cast("SqlClient", Writer()))

    def write(name: str) -> str:
        request = MetricFlowQueryRequest.create(metric_names=[name], group_by_names=[])
        return str(engine.explain(request).sql_statement.sql)

    return write
