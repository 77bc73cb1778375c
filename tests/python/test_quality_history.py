"""Every run leaves a record, and what went wrong is visible in one query, without personal data."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_quality_alerts import Receiver
from warehouse import Warehouse, copy_landing, rewrite

from scripts.report.__main__ import write_report

PLANTED = "Zaphodine"
GENDER_TEST = "dim_customer_gender_is_m_f_or_u"
CARRIES_TEST = "dim_customer_history_is_continuous"


def change(warehouse: Warehouse, sql: str) -> None:
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute(sql)


def newest_run(warehouse: Warehouse) -> dict[str, Any]:
    with duckdb.connect(str(warehouse.path), read_only=True) as con:
        rows = con.execute("from operations.runs order by started_at desc limit 1").to_arrow_table().to_pylist()
    return dict(rows[0])


def test_a_load_leaves_a_record(loaded: Warehouse) -> None:
    run = newest_run(loaded)
    assert (run["command"], run["status"], run["full_refresh"]) == ("run", "success", False)
    assert (run["first_batch_id"], run["last_batch_id"], run["latest_batch_id"]) == (1, 3, 3)
    assert run["errors"] == run["failed"] == run["skipped"] == 0
    assert 0 < run["seconds"] < 600
    ((results, versions),) = loaded.query(
        "select count(*), count(distinct code_version) from operations.run_results where status = 'success'"
    )
    assert results == run["nodes"] and versions <= 1
    # Rows that a model wrote are counted as it wrote them.
    written = "select rows_affected from operations.run_results where node_name = 'dim_trade'"
    assert loaded.query(written) == loaded.query("select count(*) from core.dim_trade")


def test_failing_rows_and_rejected_rows_are_one_query_away(loaded: Warehouse, room: Path) -> None:
    """A failing test is on record with its rows, a score and an alert; none of them shows personal data."""
    warehouse = loaded.copy(room / "warehouse")
    receiver = Receiver(200)
    warehouse.environment["ALERT_WEBHOOK_URL"] = receiver.url
    change(
        warehouse,
        f"""
        update core.dim_customer set gender = 'Q', last_name = '{PLANTED}', end_date = effective_date
        where sk_customer_id = (select min(sk_customer_id) from core.dim_customer)
        """,
    )
    select = ("test", "--select", GENDER_TEST, CARRIES_TEST, "dim_customer_keys_are_unique")
    ran = warehouse.dbt(*select)
    assert ran.code == 1, ran.output
    assert PLANTED not in ran.output and "secret" not in ran.output

    failing = warehouse.query(
        """
        select test_name, model_name, dimension, severity, failures_table, failing_rows, sample
        from operations.failing_rows order by test_name
        """
    )
    assert [row[:4] for row in failing] == [
        (GENDER_TEST, "dim_customer", "validity", "error"),
        (CARRIES_TEST, "dim_customer", "consistency", "error"),
    ]
    key = warehouse.query("select min(sk_customer_id) from core.dim_customer")[0][0]
    for *_, table, count, sample in failing:
        assert warehouse.query(f"select count(*) from {table}")[0][0] >= 1
        assert count >= 1
        assert PLANTED not in sample
        shown = json.loads(sample)
        assert all(not {"last_name", "gender", "value_field", "tier"} & set(row) for row in shown)
    # The rows themselves are where the record says.
    assert warehouse.query(f"select last_name from {failing[1][4]} where sk_customer_id = {key}") == [(PLANTED,)]

    scores = """
        select dimension, checks, failed, score from operations.quality_scorecard
        where model_name = 'dim_customer' and batch_id = 3 order by dimension
    """
    expected = [("consistency", 1, 1, 0.0), ("uniqueness", 1, 0, 1.0), ("validity", 1, 1, 0.0)]
    assert [(d, c, f, float(s)) for d, c, f, s in warehouse.query(scores)] == expected
    write_report(warehouse.path, room / "report.html")
    page = (room / "report.html").read_text(encoding="utf-8")
    assert GENDER_TEST in page and failing[0][4] in page and PLANTED not in page
    told = json.dumps(receiver.received)
    assert len(receiver.received) == 1 and PLANTED not in told
    assert GENDER_TEST in told and "Downstream: " in told and "warehouse@example.com" in told
    receiver.close()

    # Once they are put right, nothing of them is left but their history.
    change(warehouse, "update core.dim_customer set gender = 'U' where gender = 'Q'")
    warehouse.dbt("test", "--select", GENDER_TEST)
    left = warehouse.query("select test_name from operations.failing_rows")
    assert left == [(CARRIES_TEST,)]
    tables = "select table_name from duckdb_tables() where schema_name = 'quality_failures'"
    assert warehouse.query(tables) == [(CARRIES_TEST,)]
    statuses = f"""
        select results.status from operations.run_results as results inner join operations.runs as runs using (run_id)
        where node_name = '{GENDER_TEST}' and node_kind = 'test' order by runs.started_at
    """
    assert warehouse.query(statuses) == [("fail",), ("pass",)]
    assert warehouse.query("select count(*) from operations.rejected_rows") == [(0,)]


def test_an_error_is_recorded_by_its_kind_and_column_only(loaded: Warehouse, room: Path) -> None:
    """A database quotes the value that it cannot convert; the history does not."""
    warehouse = loaded.copy(room / "warehouse")
    change(warehouse, f"alter table core.dim_customer alter gender type varchar using '{PLANTED}'")
    change(warehouse, "alter table core.dim_customer add column extra integer")
    change(warehouse, "drop table core.dim_broker")
    warehouse.dbt("test", "--select", "dim_broker_keys_are_unique", GENDER_TEST)
    rows = warehouse.query("select node_name, status, message from operations.run_results where node_kind = 'test'")
    messages = {name: (status, message) for name, status, message in rows}
    status, message = messages["dim_broker_keys_are_unique"]
    assert status == "error" and "Catalog Error" in message and "dim_broker" not in message
    assert messages[GENDER_TEST][0] == "fail"
    assert PLANTED not in json.dumps(rows)


def test_a_refused_landing_area_leaves_a_record(loaded: Warehouse, room: Path) -> None:
    landing = copy_landing(loaded.landing, room / "landing")
    rewrite(landing / "Batch2/Trade.txt", lambda data: data + b"\n")
    warehouse = loaded.copy(room / "warehouse", landing)
    warehouse.refuse()
    run = newest_run(warehouse)
    assert (run["status"], run["errors"]) == ("refused", 1)
    assert run["ended_at"] is not None


def test_a_killed_run_leaves_a_record(loaded: Warehouse, room: Path) -> None:
    """It is on record as running, and as interrupted once another run has begun; a rebuild keeps the history."""
    warehouse = Warehouse(room / "warehouse", loaded.landing, loaded.session)
    process = warehouse.start("run")
    assert process.pid is not None
    output = warehouse.folder / "output"
    deadline = time.monotonic() + 120
    while " START sql " not in (output.read_text(encoding="utf-8") if output.exists() else ""):
        assert process.exitcode is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.join()
    killed = newest_run(warehouse)
    assert (killed["status"], killed["ended_at"]) == ("running", None)
    warehouse.load("--full-refresh", "--select", "stg_reference__industry", "runs", "run_results", "failing_rows")
    statuses = warehouse.query("select status, full_refresh from operations.runs order by started_at")
    assert statuses == [("interrupted", False), ("success", True)]


@pytest.mark.parametrize(
    ("expected_through", "severity", "missing"),
    [("", "error", []), ("{newest}", "error", []), ("{later}", "error", [0, 1]), ("{later}", "warn", [0, 1])],
)
def test_a_late_batch_is_named(
    loaded: Warehouse, room: Path, expected_through: str, severity: str, missing: list[int]
) -> None:
    warehouse = loaded.copy(room / "warehouse")
    ((newest, later),) = warehouse.query("select max(batch_date), (max(batch_date) + 2)::date from operations.batches")
    day = expected_through.format(newest=newest, later=later)
    # dbt reparses the project where severities differ, so only the case that needs it sets one.
    variables = {"expected_through": day} | ({"freshness_severity": severity} if severity != "error" else {})
    ran = warehouse.dbt("test", "--select", "every_expected_batch_has_landed", **variables)
    assert ran.code == (1 if missing and severity == "error" else 0), ran.output
    samples = warehouse.query("select sample from operations.failing_rows")
    assert sorted(row["days_late"] for (sample,) in samples for row in json.loads(sample)) == missing
    if missing:
        assert str(later) in samples[0][0]


def test_a_day_without_a_batch_that_is_listed_is_not_late(loaded: Warehouse, room: Path) -> None:
    """The test follows the list of expected absences; a day that names a single feed is expected all the same."""
    warehouse = loaded.copy(room / "warehouse")
    change(warehouse, "delete from staging.stg_reference__batch_date where batch_id = 2")
    day = "(select max(batch_date) from operations.batches)"
    select = ("test", "--select", "every_expected_batch_has_landed")
    change(warehouse, f"insert into reference.expected_absences select {day} - 1, 'Prospect', 'closed'")
    assert warehouse.dbt(*select).code == 1
    change(warehouse, f"insert into reference.expected_absences select {day} - 1, '*', 'holiday'")
    assert warehouse.dbt(*select).code == 0
    ((later,),) = warehouse.query(f"select ({day} + 1)::date")
    assert warehouse.dbt(*select, expected_through=str(later)).code == 1
    change(warehouse, f"insert into reference.expected_absences select {day} + 1, '*', 'holiday'")
    assert warehouse.dbt(*select, expected_through=str(later)).code == 0


def test_a_gap_between_batches_is_named(loaded: Warehouse, room: Path) -> None:
    warehouse = loaded.copy(room / "warehouse")
    ((gone,),) = warehouse.query("select batch_date from operations.batches where batch_id = 2")
    change(warehouse, "delete from staging.stg_reference__batch_date where batch_id = 2")
    assert warehouse.dbt("test", "--select", "every_expected_batch_has_landed").code == 1
    assert str(gone) in warehouse.query("select sample from operations.failing_rows")[0][0]
