"""The benchmark measures what it says it measures, and the analyst queries are right."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from warehouse import PROJECT, Warehouse

from scripts.benchmark import report
from scripts.benchmark.__main__ import main
from scripts.benchmark.area import generated, land, survey
from scripts.benchmark.floor import script
from scripts.benchmark.measure import Result, StepError, run
from scripts.benchmark.scenarios import limit_bytes
from scripts.landing.inventory import complete_batches


def measured(code: str, room: Path) -> Result:
    """A Python program, measured."""
    result = Result("program")
    run(result, [sys.executable, "-c", code], room, {}, room / "log")
    return result


def test_memory_and_time_of_all_processes_count(room: Path) -> None:
    spin = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass\n"
    hold = "import time; x = bytearray(150_000_000); time.sleep(0.6)"
    alone = measured(spin, room)
    assert 0.4 <= alone.cpu_runs[0] < 1 and alone.wall_runs[0] >= 0.4
    both = measured(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {spin + hold!r}])\n{hold}", room)
    assert both.cpu_runs[0] >= 0.4 and both.peak_bytes > 150_000_000
    nested = f"import subprocess, sys\nx = bytearray(150_000_000)\nsubprocess.run([sys.executable, '-c', {hold!r}])"
    assert measured(nested, room).peak_bytes > 300_000_000


def test_a_step_that_fails_says_why(room: Path) -> None:
    with pytest.raises(StepError, match=r"exit code 3.*log(.|\n)*out of luck"):
        measured("import sys; print('out of luck'); sys.exit(3)", room)


def test_the_floor_holds_every_row(landing: Path) -> None:
    area = survey(landing)
    with duckdb.connect() as con:
        con.execute(script(landing))
        tables = [name for (name,) in con.sql("select table_name from duckdb_tables()").fetchall()]
        rows = {t: con.sql(f"select count(*) from {t}").fetchall()[0][0] for t in tables}
        xml = con.sql("select content from crm__customer_mgmt").fetchall()[0][0].count("ActionType=")
    assert rows.pop("crm__customer_mgmt") == 1
    assert sum(rows.values()) + xml == area.total_rows
    assert rows["brokerage__trade__later"] > 0 and rows["newswire"] > 0


def test_a_run_writes_what_it_measured(landing: Path, room: Path) -> None:
    out = room / "result.json"
    arguments = ["--landing", str(landing), "--work", str(room), "--only", "floor", "--json", str(out)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    found = json.loads(out.read_text())
    (floor,) = found["steps"]
    assert floor["rows"] == survey(landing).total_rows and len(floor["wall_runs"]) == 3
    assert floor["cpu_seconds"] > 0 and floor["peak_bytes"] > 10_000_000 and floor["database_bytes"] > 100_000
    assert floor["ratio_to_floor"]["cpu"] == 1
    floor["cpu_seconds"], floor["cpu_runs"] = 0.001, [0.001]
    out.with_name("old.json").write_text(json.dumps(found))
    ran = CliRunner().invoke(main, [*arguments, "--against", str(out.with_name("old.json"))])
    assert ran.exit_code == 1 and "1 compared, 1 slower" in ran.output


def test_what_cannot_be_measured_is_said(landing: Path, room: Path) -> None:
    base = ["--landing", str(landing), "--work", str(room)]
    no_warehouse = CliRunner().invoke(main, [*base, "--only", "tests"])
    assert no_warehouse.exit_code == 1 and "Name the step `load` too" in no_warehouse.output
    unknown = CliRunner().invoke(main, [*base, "--only", "floor,roof"])
    assert unknown.exit_code == 2 and "roof is no step" in unknown.output
    other = room / "other.json"
    other.write_text("[1]")
    strange = CliRunner().invoke(main, [*base, "--only", "floor", "--against", str(other)])
    assert strange.exit_code == 1 and "not written by this benchmark" in strange.output


def a_report(seconds: list[float], processor: str = "A", floor: float = 1, rows: int = 10) -> dict[str, Any]:
    """A run with one step besides the floor."""
    ground = Result("floor", [floor], [floor], 1, 1, rows)
    step = Result("load", seconds, seconds, 1, 1, rows)
    settings = {"rows": rows, "bytes": 1, "memory_limit": "4GB"}
    found = report.document(settings, [step.as_dict(ground)])
    return {**found, "machine": {"processor": processor, "cores": 2}}


def test_slower_means_more_than_chance() -> None:
    def slower(old: dict[str, Any], new: dict[str, Any]) -> bool:
        (change,) = report.changes(old, new)
        return change["verdict"] == "slower"

    assert slower(a_report([10]), a_report([12]))
    assert not slower(a_report([10]), a_report([11]))
    assert not slower(a_report([10]), a_report([8]))
    # Runs that differ among themselves by a third cannot tell a fifth.
    assert not slower(a_report([9, 10, 12]), a_report([12]))
    # A fifth of a second does not matter.
    assert not slower(a_report([0.5]), a_report([0.7]))
    # On a machine half as fast, twice the time is the same ratio to the floor.
    assert not slower(a_report([10]), a_report([20], "B", floor=2))
    assert slower(a_report([10]), a_report([20], "B", floor=1))
    with pytest.raises(StepError, match="rows was 10, now it is 11"):
        report.changes(a_report([10]), a_report([10], rows=11))


def test_batches_land_one_by_one(landing: Path, room: Path) -> None:
    for batch in (1, 2):
        land(batch, landing, room)
        assert list(complete_batches(room)) == list(range(1, batch + 1))
    assert survey(room).rows == {b: n for b, n in survey(landing).rows.items() if b <= 2}


def test_days_of_one_size_on_histories_of_two(room: Path) -> None:
    less = generated(room, 0.1, 1, 7, "--daily-scale", "0.02")
    lists = [len((less / f"Batch{batch}" / "Prospect.csv").read_bytes().splitlines()) for batch in (1, 2)]
    assert lists[0] == 500 and 80 <= lists[1] <= 120
    assert len((less / "Batch2" / "WatchHistory.txt").read_bytes().splitlines()) <= 60


def test_a_limit_is_read_as_duckdb_reads_it() -> None:
    assert limit_bytes("1GiB") == 2**30
    assert abs(limit_bytes("4GB") / 4e9 - 1) < 0.05


@pytest.fixture(scope="module")
def analyses(loaded: Warehouse) -> Path:
    """Compiled analyses, with what they pick themselves."""
    ran = loaded.dbt("compile", "--quiet", "--select", "path:analyses")
    assert ran.code == 0, ran.output
    return loaded.session / "target" / "compiled" / "brokerage_warehouse" / "analyses"


def answer(loaded: Warehouse, analyses: Path, name: str) -> list[dict[str, Any]]:
    """Rows of an analysis by column."""
    sql = (analyses / f"{name}.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(loaded.session / "slot" / loaded.path.name), read_only=True) as con:
        result = con.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def day(number: int) -> date:
    """The day that a key of a day stands for."""
    return date(number // 10000, number // 100 % 100, number % 100)


def test_every_question_has_an_answer(loaded: Warehouse, analyses: Path) -> None:
    names = sorted(path.stem for path in (PROJECT / "analyses").glob("*.sql"))
    assert len(names) == 12 and sorted(path.stem for path in analyses.glob("*.sql")) == names
    for name in names:
        assert answer(loaded, analyses, name), name


class Landed:
    """What the files say, put together without the star schema."""

    def __init__(self, loaded: Warehouse) -> None:
        self.cash = loaded.query(
            "select account_id, transacted_at::date, amount from staging.stg_brokerage__cash_transaction"
        )
        prices = loaded.query("select symbol, market_date, close_price from staging.stg_brokerage__daily_market")
        self.prices = {(symbol, when): close for symbol, when, close in prices}
        self.holdings = loaded.query(
            """
            select t.account_id, t.symbol, strptime(d.sk_close_date_id::varchar, '%Y%m%d')::date,
                h.quantity_after - h.quantity_before
            from staging.stg_brokerage__holding_history h
            join (select distinct trade_id, account_id, symbol from staging.stg_brokerage__trade) t using (trade_id)
            join core.dim_trade d using (trade_id)
            """
        )
        self.last_day = max(when for _, when in self.prices)

    def positions(self, on: date) -> dict[tuple[int, str], int]:
        """Quantity by account and security: the sum of all changes."""
        found: dict[tuple[int, str], int] = defaultdict(int)
        for account, symbol, when, change in self.holdings:
            found[account, symbol] += change if when <= on else 0
        return {key: quantity for key, quantity in found.items() if quantity}

    def cash_by_account(self, on: date) -> dict[int, Any]:
        """Cash by account: the sum of all movements."""
        found: dict[int, Any] = defaultdict(int)
        for account, when, amount in self.cash:
            if when <= on:
                found[account] += amount
        return found

    def close(self, symbol: str, on: date) -> Any:
        """The last price by a day."""
        days = [when for other, when in self.prices if other == symbol and when <= on]
        return self.prices[symbol, max(days)] if days else None


@pytest.fixture(scope="module")
def landed(loaded: Warehouse) -> Landed:
    """Of the shared warehouse."""
    return Landed(loaded)


def test_a_statement_adds_up_from_what_landed(loaded: Warehouse, analyses: Path, landed: Landed) -> None:
    lines = answer(loaded, analyses, "client_statement")
    (customer,) = {line["customer_id"] for line in lines}
    assert {day(line["sk_date_id"]) for line in lines} == {landed.last_day}
    accounts = {
        account
        for (account,) in loaded.query(
            f"""
            select distinct account_id from core.dim_account
            join core.dim_customer using (sk_customer_id) where customer_id = {customer}
            """
        )
    }
    held = {(x["account_id"], x["symbol"]): (x["quantity"], x["market_value"]) for x in lines if x["symbol"]}
    assert held and held == {
        (account, symbol): (quantity, quantity * landed.close(symbol, landed.last_day))
        for (account, symbol), quantity in landed.positions(landed.last_day).items()
        if account in accounts
    }
    cash = {x["account_id"]: x["market_value"] for x in lines if not x["symbol"]}
    assert cash == {a: c for a, c in landed.cash_by_account(landed.last_day).items() if a in accounts}


def test_assets_of_all_brokers_are_all_assets(loaded: Warehouse, analyses: Path, landed: Landed) -> None:
    lines = answer(loaded, analyses, "assets_by_broker_and_month")
    months = sorted({line["month"] for line in lines})
    assert len(months) in (12, 13)
    for month in (months[-1], months[3]):
        first = date(month // 10 if month < 100_000 else month // 100, 1, 1)
        on = _end_of(first.year, month - first.year * (10 if month < 100_000 else 100), landed.last_day)
        worth = sum(n * landed.close(symbol, on) for (_, symbol), n in landed.positions(on).items())
        assert sum(x["securities"] for x in lines if x["month"] == month) == worth
        cash = sum(landed.cash_by_account(on).values())
        assert sum(x["cash"] for x in lines if x["month"] == month) == cash


def _end_of(year: int, month: int, latest: date) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(following - timedelta(days=1), latest)


def test_cash_flows_add_up_to_what_moved(loaded: Warehouse, analyses: Path, landed: Landed) -> None:
    lines = answer(loaded, analyses, "cash_flow_by_tier")
    assert sum(line["net_flow"] for line in lines) == sum(amount for _, _, amount in landed.cash)
    assert all(line["inflow"] - line["outflow"] == line["net_flow"] for line in lines)


def test_movers_are_those_of_the_price_list(loaded: Warehouse, analyses: Path, landed: Landed) -> None:
    days = sorted({when for _, when in landed.prices})
    now, before = days[-1], days[-2]
    moves = {
        symbol: float(landed.prices[symbol, now]) / float(landed.prices[symbol, before]) - 1
        for symbol, when in landed.prices
        if when == now and (symbol, before) in landed.prices
    }
    ordered = sorted(moves, key=lambda symbol: -moves[symbol])
    lines = answer(loaded, analyses, "top_movers")
    assert {line["symbol"] for line in lines} == {*ordered[:10], *ordered[-10:]}
    assert all(line["change"] == pytest.approx(moves[line["symbol"]]) for line in lines)


def test_watches_that_led_to_a_purchase(loaded: Warehouse, analyses: Path) -> None:
    events = loaded.query(
        """
        select customer_id, symbol, changed_at::date from staging.stg_brokerage__watch_history where action = 'ACTV'
        """
    )
    bought: dict[tuple[int, str], set[date]] = defaultdict(set)
    for customer, symbol, when in loaded.query(
        """
        select c.customer_id, t.symbol, strptime(d.sk_create_date_id::varchar, '%Y%m%d')::date
        from core.dim_trade d
        join core.dim_customer c using (sk_customer_id)
        join (select distinct trade_id, symbol from staging.stg_brokerage__trade) t using (trade_id)
        where d.status = 'Completed' and d.type in ('Market Buy', 'Limit Buy')
        """
    ):
        bought[customer, symbol].add(when)
    led = sum(any(0 <= (d - when).days <= 30 for d in bought[c, s]) for c, s, when in events)
    lines = answer(loaded, analyses, "watch_to_buy")
    assert led and sum(line["bought"] for line in lines) == led
    assert sum(line["watches"] for line in lines) == len(events)


def test_revenue_is_what_completed_trades_cost(loaded: Warehouse, analyses: Path) -> None:
    lines = answer(loaded, analyses, "broker_revenue")
    landed = loaded.query(
        """
        select sum(fee), sum(commission), count(*) from (
            select max_by(fee, (batch_id, dsn)) as fee, max_by(commission, (batch_id, dsn)) as commission,
                max_by(status_id, (batch_id, dsn)) as status
            from (select *, coalesce(cdc_dsn, 0) as dsn from staging.stg_brokerage__trade) group by trade_id
        ) where status = 'CMPT'
        """
    )
    total = tuple(sum(line[key] for line in lines) for key in ("fees", "commissions", "trades"))
    assert [total] == landed


def test_five_facts_lose_and_double_no_trade(loaded: Warehouse, analyses: Path) -> None:
    lines = answer(loaded, analyses, "five_facts")
    ((trades,),) = loaded.query("select count(*) from core.dim_trade where status = 'Completed'")
    ((rows, changed),) = loaded.query(
        "select count(*), count(distinct trade_id) from staging.stg_brokerage__holding_history"
    )
    assert sum(line["trades"] for line in lines) == trades
    assert sum(line["trades_that_changed_a_holding"] for line in lines) == changed
    assert sum(line["purchases_touched"] or 0 for line in lines) == rows
    assert sum(line["trades_while_watched"] for line in lines) > 0


@pytest.mark.long
def test_parameters_choose_and_are_checked(loaded: Warehouse, room: Path) -> None:
    ((first,),) = loaded.query("select min(trade_id) from core.dim_trade")
    ran = loaded.dbt("compile", "--quiet", "--select", "trade_lookup", trade_id=first)
    assert ran.code == 0, ran.output
    folder = loaded.session / f"target_trade_id_{first}" / "compiled" / "brokerage_warehouse" / "analyses"
    (row,) = answer(loaded, folder, "trade_lookup")
    assert row["trade_id"] == first
    wrong = loaded.dbt("compile", "--quiet", "--select", "trade_lookup", trade_id="1 or true")
    assert wrong.code and "is not a whole number" in wrong.output
