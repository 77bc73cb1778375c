"""Control totals: what breaks one, what explains it, and what happens to an accepted difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warehouse import Warehouse

from scripts.gate import accepted_differences
from scripts.report.__main__ import write_report
from scripts.warehouse_file import open_warehouse

ONE_TOO_MANY = "update operations.audit set value = value + 1 where attribute = 'C_DOB_TO' and batch_id = 2"
LOSE_A_PRICE = (
    "delete from core.fact_market_history where rowid = "
    "(select min(rowid) from core.fact_market_history where batch_id = 2)"
)
LOSE_A_TRADE = (
    "delete from core.dim_trade where rowid = (select min(rowid) from core.dim_trade where first_batch_id = 2)"
)
REPEAT_A_PRICE = (
    "insert into core.fact_market_history select * from core.fact_market_history where batch_id = 2 limit 1"
)


def accept(control: str = "C_DOB_TO", batch_id: int = 2, difference: int = -1, until: str = "today()") -> str:
    return (
        "insert into reference.accepted_differences "
        f"values ('{control}', {batch_id}, {difference}, 'Known since May', 'Jo', {until})"
    )


def reject(feed: str, batch_id: int = 2, text: str = "'I|1|2017-07-08|AAA'") -> str:
    return (
        "insert into operations.rejected_rows by name "
        f"select '{feed}' as source_name, {batch_id} as batch_id, {text} as raw_text"
    )


@pytest.fixture(scope="module")
def con(loaded: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse that forgets what a test does to it."""
    warehouse = loaded.copy(loaded.session / "controls")
    with duckdb.connect(str(warehouse.path)) as con:
        yield con


@pytest.fixture
def changed(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    con.execute("begin")
    yield con
    con.execute("rollback")


def test_every_control_agrees(con: duckdb.DuckDBPyConnection) -> None:
    """Each total that a sound landing area sends is compared in each batch that has one."""
    assert con.execute("select distinct outcome from operations.control_results").fetchall() == [("agrees",)]
    batches = dict(con.execute("select control, count(*) from operations.control_results group by all").fetchall())
    once = {"control_hr_brokers", "control_fw_cmp", "control_fw_sec", "control_fw_fin", "newswire.financial"}
    once |= {"brokerage.trade_history"}
    assert {control for control, count in batches.items() if count == 1} == once
    assert {count for control, count in batches.items() if control not in once} == {3}
    assert len(batches) == 17 + 8


@pytest.mark.parametrize(
    ("changes", "control", "expected"),
    [
        ([ONE_TOO_MANY], "control_c_dob", ("differs", -1)),
        ([ONE_TOO_MANY, accept()], "control_c_dob", ("accepted", -1)),
        ([ONE_TOO_MANY, accept("control_c_dob")], "control_c_dob", ("accepted", -1)),
        ([ONE_TOO_MANY, accept(until="today() - 1")], "control_c_dob", ("differs", -1)),
        ([ONE_TOO_MANY, accept(difference=1)], "control_c_dob", ("differs", -1)),
        ([ONE_TOO_MANY, accept(difference=-2)], "control_c_dob", ("differs", -1)),
        ([ONE_TOO_MANY, accept(batch_id=3)], "control_c_dob", ("differs", -1)),
        ([ONE_TOO_MANY, accept("C_TIER_INV")], "control_c_dob", ("differs", -1)),
        ([ONE_TOO_MANY, ONE_TOO_MANY, accept(), accept("C_DOB_TY")], "control_c_dob", ("accepted", -2)),
        ([LOSE_A_PRICE], "control_dm_records", ("differs", -1)),
        ([LOSE_A_PRICE, reject("brokerage.daily_market")], "control_dm_records", ("agrees", 0)),
        ([LOSE_A_PRICE, reject("brokerage.trade")], "control_dm_records", ("differs", -1)),
        ([LOSE_A_PRICE, reject("brokerage.daily_market", 3)], "control_dm_records", ("differs", -1)),
        ([LOSE_A_PRICE] * 2 + [reject("brokerage.daily_market")], "control_dm_records", ("differs", -1)),
        ([REPEAT_A_PRICE, reject("brokerage.daily_market")], "control_dm_records", ("differs", 1)),
        ([LOSE_A_TRADE, reject("brokerage.trade")], "control_t_new", ("agrees", 0)),
        ([LOSE_A_TRADE, reject("brokerage.trade", text="null")], "control_t_new", ("agrees", 0)),
        ([LOSE_A_TRADE, reject("brokerage.trade", text="'U|1|1'")], "control_t_new", ("differs", -1)),
        (
            ["update operations.audit set value = value + 1 where attribute = 'T_Records' and batch_id = 2"],
            "brokerage.trade",
            ("differs", -1),
        ),
        (["update operations.audit set value = null where attribute = 'T_NEW'"], "control_t_new", ("unusable", None)),
        (
            ["update operations.audit set value = null where attribute = 'T_Records'", accept("T_Records")],
            "brokerage.trade",
            ("unusable", None),
        ),
        (
            ["update operations.audit set data_set = 'FactTrade' where attribute = 'T_NEW'"],
            "control_t_new",
            ("unusable", None),
        ),
        (
            ["insert into operations.audit select * from operations.audit where attribute = 'T_NEW' and batch_id = 2"],
            "control_t_new",
            ("differs", -12),
        ),
        (["delete from operations.audit where attribute = 'T_NEW'"], "control_t_new", ("no total", None)),
        (["delete from operations.audit where attribute = 'C_NEW'"], "control_customer_versions", ("no total", None)),
    ],
)
def test_a_difference_is_told_for_what_it_is(
    changed: duckdb.DuckDBPyConnection, changes: list[str], control: str, expected: tuple[str, int | None]
) -> None:
    for change in changes:
        changed.execute(change)
    sql = "select outcome, difference from operations.control_results where control = ? and batch_id = 2"
    assert changed.execute(sql, [control]).fetchone() == expected


def test_a_customer_who_comes_back_by_mistake_is_missed(changed: duckdb.DuckDBPyConnection) -> None:
    """Inactive customers count in the batch that made them inactive, whatever later versions say of them."""
    inactive = "from core.dim_customer where is_current and status = 'Inactive'"
    assert changed.execute(f"select count(*) > 0 {inactive}").fetchone() == (True,)
    changed.execute(
        f"update core.dim_customer set status = 'Active' where customer_id = (select min(customer_id) {inactive})"
    )
    sql = (
        "select outcome, sum(difference) from operations.control_results where control = 'control_c_inact' group by all"
    )
    assert ("differs", -1) in changed.execute(sql).fetchall()


def test_a_total_without_a_batch_is_not_lost(changed: duckdb.DuckDBPyConnection) -> None:
    changed.execute("update operations.audit set batch_id = null where attribute = 'FW_CMP'")
    sql = "select outcome from operations.control_results where control = 'control_fw_cmp' and batch_id is null"
    assert changed.execute(sql).fetchall() == [("unusable",)]


def failing(warehouse: Warehouse) -> dict[str, list[dict[str, Any]]]:
    """Tests that fail or warn now, with samples of their rows."""
    return {n: json.loads(s) for n, s in warehouse.query("select test_name, sample from operations.failing_rows")}


def run_tests(warehouse: Warehouse, *changes: str) -> dict[str, list[dict[str, Any]]]:
    with duckdb.connect(str(warehouse.path)) as con:
        for change in changes:
            con.execute(change)
    ran = warehouse.dbt("test", "--select", "accepted_differences+", "reference.accepted_differences")
    found = failing(warehouse)
    assert bool(ran.code) == bool(found.keys() - {"control_totals_are_there"}), ran.output
    return found


def test_a_known_difference_is_accepted_and_shown(loaded: Warehouse, room: Path) -> None:
    """The whole way, for a source that counts one too many."""
    warehouse = loaded.copy(room / "warehouse")
    found = run_tests(warehouse, ONE_TOO_MANY)
    (row,) = found.pop("control_c_dob")
    assert not found
    assert (row["control"], row["batch_id"], row["expected"] - row["found"]) == ("control_c_dob", 2, 1)
    page = room / "report.html"
    write_report(warehouse.path, page)
    assert "control_c_dob" in page.read_text(encoding="utf-8")

    assert run_tests(warehouse, accept()) == {}
    (shown,) = write_report(warehouse.path, page)["controls"]
    assert shown["outcome"] == "accepted"
    assert "by Jo until" in page.read_text(encoding="utf-8") and "Known since May" in page.read_text(encoding="utf-8")
    with open_warehouse(path=warehouse.path) as con:
        (accepted,) = accepted_differences(con)
    assert (accepted["control"], accepted["batch_id"], accepted["difference"]) == ("control_c_dob", 2, -1)
    assert (accepted["reason"], accepted["accepted_by"]) == ("Known since May", "Jo")

    found = run_tests(warehouse, "update reference.accepted_differences set accepted_until = today() - 1")
    assert found.keys() == {"control_c_dob"}


def test_an_entry_that_no_longer_applies_fails(loaded: Warehouse, room: Path) -> None:
    """A control that holds, another difference, and a control that does not exist; a batch yet to come is no matter."""
    warehouse = loaded.copy(room / "warehouse")
    entries = [accept("DM_RECORDS"), accept("control_c_dob", difference=-7), accept("T_MEW"), accept("T_NEW", 9)]
    found = run_tests(warehouse, ONE_TOO_MANY, *entries)
    assert found.keys() == {"control_c_dob", "accepted_differences_apply"}
    sql = "select distinct control from quality_failures.accepted_differences_apply order by 1"
    assert warehouse.query(sql) == [("DM_RECORDS",), ("T_MEW",), ("control_c_dob",)]


def test_an_attribute_stands_for_every_control_of_it(loaded: Warehouse, room: Path) -> None:
    """DM_RECORDS counts the rows of a file and of a fact; where only one of them is off, the entry applies."""
    warehouse = loaded.copy(room / "warehouse")
    wrong = "update operations.audit set value = value + 1 where attribute = 'DM_RECORDS' and batch_id = 2"
    assert run_tests(warehouse, wrong).keys() == {"control_dm_records", "landed_rows_match_control_totals"}
    assert run_tests(warehouse, accept("DM_RECORDS")) == {}
    reload = "update reference.accepted_differences set control = 'control_dm_records'"
    assert run_tests(warehouse, reload).keys() == {"landed_rows_match_control_totals"}
    lost = [
        "update reference.accepted_differences set control = 'DM_RECORDS'",
        "update operations.audit set value = value - 1 where attribute = 'DM_RECORDS' and batch_id = 2",
        LOSE_A_PRICE,
    ]
    assert run_tests(warehouse, *lost) == {}


def test_unusable_and_missing_totals_do_not_pass_in_silence(loaded: Warehouse, room: Path) -> None:
    warehouse = loaded.copy(room / "warehouse")
    found = run_tests(
        warehouse,
        "update operations.audit set value = null where attribute = 'HH_RECORDS' and batch_id = 2",
        "update operations.audit set data_set = 'FactTrade' where attribute = 'T_NEW' and batch_id = 3",
        "delete from operations.audit where attribute = 'WH_ACTIVE' and batch_id = 1",
    )
    expected = {"control_hh_records", "landed_rows_match_control_totals", "control_t_new", "control_totals_are_there"}
    assert found.keys() == expected
    assert found["control_t_new"][0]["batch_id"] == 3
    assert [row["batch_id"] for row in found["control_totals_are_there"]] == [1]


def test_a_load_takes_the_seeds_as_they_stand(loaded: Warehouse, room: Path) -> None:
    """An edited seed takes effect whether `dbt run` or `dbt build` comes next."""
    warehouse = loaded.copy(room / "warehouse")
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute(accept())
    warehouse.load("--select", "audit")
    assert warehouse.query("from reference.accepted_differences") == []
