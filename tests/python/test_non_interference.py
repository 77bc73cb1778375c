"""What isn't declared personal doesn't depend on what is: other persons in the same business change nothing else.

Two warehouses are built, from landing areas that differ in personal values only. Every column that is not classified as
personal or sensitive must hold the same, row by row. This needs no parser of SQL, and so judges the one that has one.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

import duckdb
import pytest
from other_persons import PERSONAL, with_other_persons
from warehouse import Warehouse

from scripts.diff.relations import LOAD_TIMES
from scripts.encryption import fingerprint
from scripts.warehouse_file import open_warehouse

# Columns that may differ though they are not personal, and why.
TOKEN = "a token, made of the number under a key"
SHARED = "released where at least five persons share it (tests/analytics)"
PLACE = "the position of a row in a file depends on the length of the rows before it"
FILE = "sizes and times of files"
RUN = "when a run was, and how long it took"
COUNT = "how many different values a column has"
MAY_DIFFER = {
    "analytics.*.sk_account_id": TOKEN,
    "analytics.*.sk_broker_id": TOKEN,
    "analytics.*.sk_customer_id": TOKEN,
    "analytics.*.account_id": TOKEN,
    "analytics.*.agency_id": TOKEN,
    "analytics.*.broker_id": TOKEN,
    "analytics.*.customer_id": TOKEN,
    "analytics.*.manager_id": TOKEN,
    "marts.*.account_id": TOKEN,
    "marts.*.broker_id": TOKEN,
    "marts.*.customer_id": TOKEN,
    "marts.*.household_id": TOKEN,
    "marts.*.manager_id": TOKEN,
    "analytics.prospect.*_band": SHARED,
    "analytics.prospect.gender": SHARED,
    "core.persons_released.*_band": SHARED,
    "core.persons_released.gender": SHARED,
    "core.nameplates_released.nameplate": SHARED,
    "marts.prospect_funnel.*": SHARED,
    "*.byte_offset": PLACE,
    "*.event_sequence": PLACE,
    "operations.landed_files.byte_count": FILE,
    "operations.landed_files.modified_at": FILE,
    "operations.run*.run_id": RUN,
    "operations.run*.*_at": RUN,
    "operations.run*.seconds": RUN,
    "operations.column_profile.distinct_count": COUNT,
    "operations.batch_series.value": COUNT,
    "operations.series_forecasts.observed": COUNT,
    "operations.series_forecasts.expected": COUNT,
    "operations.series_forecasts.center": COUNT,
    "operations.anomaly_candidates.observed": COUNT,
    "operations.anomaly_candidates.expected": COUNT,
    "operations.anomaly_candidates.center": COUNT,
}


def classes(manifest: Path) -> dict[str, dict[str, str]]:
    """Classification of each column by table."""
    found: dict[str, dict[str, str]] = {}
    for node in json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values():
        if node["resource_type"] in ("model", "seed", "snapshot"):
            columns = found.setdefault(f"{node['schema']}.{node['alias']}", {})
            columns.update({n.lower(): c["config"]["meta"].get("classification") for n, c in node["columns"].items()})
    return found


def value(con: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> tuple[int, int]:
    """A fingerprint of some columns of a table."""
    listed = ", ".join(f'"{c}"' for c in columns)
    return fingerprint(con, f"(select {listed} from {table})")


@pytest.fixture(scope="module")
def other(loaded: Warehouse) -> Warehouse:
    """A warehouse of the same business with other persons."""
    area = with_other_persons(loaded.landing, loaded.session / "other_landing")
    warehouse = Warehouse(loaded.session / "other", area, loaded.session)
    warehouse.load()
    return warehouse


def test_other_persons_change_nothing_else(loaded: Warehouse, other: Warehouse) -> None:
    declared = classes(loaded.session / "target" / "manifest.json")
    used, different, compared, personal = set(), {}, 0, 0
    with open_warehouse(path=loaded.path) as one, open_warehouse(path=other.path) as two:
        tables = one.sql(
            "select schema_name || '.' || table_name, list(column_name order by column_index) from duckdb_columns() "
            "where not internal and database_name = current_database() group by 1 order by 1"
        ).fetchall()
        for table, names in tables:
            kept = []
            for column in names:
                if column in LOAD_TIMES:
                    continue
                if declared[table][column.lower()] in PERSONAL:
                    personal += value(one, table, [column]) != value(two, table, [column])
                    continue
                place = f"{table}.{column}"
                accepted = next((p for p in MAY_DIFFER if fnmatchcase(place, p)), None)
                if accepted is None:
                    kept.append(column)
                elif value(one, table, [column]) != value(two, table, [column]):
                    used.add(accepted)
            compared += len(kept)
            if kept and value(one, table, kept) != value(two, table, kept):
                alone = [c for c in kept if value(one, table, [c]) != value(two, table, [c])]
                different[table] = alone or "their combination"
    assert different == {}
    assert set(MAY_DIFFER) - used == set(), "accepted for nothing"
    assert compared > 500 and personal > 200
