"""Every metric of the semantic layer gives what SQL written another way gives, in each month and in all, and every
audience that reads it gets the same number.

The other SQL starts from core, and builds what accounts hold from balances, changes of holdings and prices anew; it
reads no mart. MetricFlow runs in this process: it writes the SQL, and DuckDB runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
from dbt_metricflow.cli.dbt_connectors.dbt_config_accessor import dbtArtifacts
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlClient, SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import SemanticManifestValidator
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from publication import Publication
from warehouse import PROJECT, Warehouse

from scripts.dashboards.pages import PAGES
from scripts.encryption import attach
from scripts.warehouse_file import connect_encrypted, open_warehouse

Months = dict[int, float]
# In a landing area as small as the tests', no trade is off the market.
NONE_HERE = {"trades_outside_day_range"}


class Writer:
    """What MetricFlow asks of a database when it only writes SQL."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


@dataclass(frozen=True)
class Asked:
    """SQL of MetricFlow for a metric: by month, and in all."""

    by_month: str
    in_all: str


@dataclass(frozen=True)
class Answers:
    """What a metric is in each month, and in all. Months without anything are left out."""

    by_month: Months
    in_all: float


@pytest.fixture(scope="module")
def semantic_manifest(loaded: Warehouse) -> Any:
    """What dbt wrote when the session parsed the project."""
    room = loaded.session / "semantics"
    (room / "target").mkdir(parents=True, exist_ok=True)
    text = (loaded.session / "target" / "semantic_manifest.json").read_text(encoding="utf-8")
    (room / "target" / "semantic_manifest.json").write_text(text, encoding="utf-8")
    return dbtArtifacts.build_semantic_manifest_from_dbt_project_root(room)


@pytest.fixture(scope="module")
def asked(semantic_manifest: Any) -> dict[str, Asked]:
    """MetricFlow's SQL for each metric."""
    engine = MetricFlowEngine(SemanticManifestLookup(semantic_manifest), cast(SqlClient, Writer()))

    def written(name: str, group_by: list[str]) -> str:
        request = MetricFlowQueryRequest.create(metric_names=[name], group_by_names=group_by)
        return str(engine.explain(request).sql_statement.sql)

    names = [metric.name for metric in semantic_manifest.metrics]
    return {name: Asked(written(name, ["metric_time__month"]), written(name, [])) for name in names}


def answers(con: duckdb.DuckDBPyConnection, asked: dict[str, Asked]) -> dict[str, Answers]:
    """What a catalog called `warehouse` answers."""
    return {
        name: Answers(
            {m.year * 100 + m.month: float(n) for m, n in con.execute(sql.by_month).fetchall() if n},
            float(con.execute(sql.in_all).fetchall()[0][0] or 0),
        )
        for name, sql in asked.items()
    }


@pytest.fixture(scope="module")
def answered(loaded: Warehouse, asked: dict[str, Asked]) -> dict[str, Answers]:
    """What the warehouse answers."""
    with open_warehouse(path=loaded.path) as con:
        return answers(con, asked)


# What each broker's customers held at the end of each month and put into securities in it. An account is its broker's
# and its customer's at the end of the month; before its first version, those of the first.
BOOK = """
create temp table ends as
    select sk_date_id // 100 as month_id, max(sk_date_id) as day_id, max(date_value) as day,
        row_number() over (order by sk_date_id // 100) as place
    from warehouse.core.dim_date
    where sk_date_id // 100 >= (select least(
            (select min(sk_date_id) from warehouse.core.fact_cash_balances),
            (select min(sk_date_id) from warehouse.core.fact_holdings),
            (select min(sk_close_date_id) from warehouse.core.dim_trade where status = 'Completed')) // 100)
        and sk_date_id <= (select greatest(
            (select max(sk_date_id) from warehouse.core.fact_cash_balances),
            (select max(sk_date_id) from warehouse.core.fact_holdings),
            (select max(sk_date_id) from warehouse.core.fact_market_history),
            (select max(sk_close_date_id) from warehouse.core.dim_trade where status = 'Completed')))
    group by sk_date_id // 100;

create temp table cash as
    select ends.month_id, account_id, max_by(cash, sk_date_id) as cash
    from warehouse.core.fact_cash_balances join warehouse.core.dim_account using (sk_account_id)
    join ends on sk_date_id <= ends.day_id
    group by all;

create temp table changes as
    select account_id, symbol, sk_date_id, coalesce(current_price, 0) as price,
        current_holding - coalesce(lag(current_holding) over (
            partition by trade_id order by sk_date_id, sk_time_id, current_trade_id), 0) as shares
    from warehouse.core.fact_holdings join warehouse.core.dim_account using (sk_account_id)
    join warehouse.core.dim_security using (sk_security_id)
    where sk_date_id is not null;

create temp table quotes as
    select symbol, sk_date_id, close_price, volume, pe_ratio,
        dense_rank() over (order by sk_date_id) as day_number
    from warehouse.core.fact_market_history join warehouse.core.dim_security using (sk_security_id);

create temp table held as
    select month_id, account_id, sum(shares * coalesce(close_price, 0)) as securities
    from (
        select ends.month_id, ends.day_id, account_id, symbol, sum(shares) as shares
        from changes join ends on sk_date_id <= ends.day_id group by all
    ) as shares
    asof left join quotes on shares.symbol = quotes.symbol and shares.day_id >= quotes.sk_date_id
    group by all;

create temp table known as
    select month_id, account_id from cash union select month_id, account_id from held
    union select ends.month_id, account_id from warehouse.core.dim_trade
    join warehouse.core.dim_account using (sk_account_id)
    join ends on sk_close_date_id <= ends.day_id
    where dim_trade.status = 'Completed';

create temp table owners as
    select ends.month_id, ends.place, account_id,
        max_by(b.broker_id, a.effective_date) as broker_id, max_by(c.customer_id, a.effective_date) as customer_id
    from ends
    join (select *, min(effective_date) over (partition by account_id) as first_day from warehouse.core.dim_account) a
        on a.effective_date <= ends.day or a.effective_date = a.first_day
    join warehouse.core.dim_broker b using (sk_broker_id) join warehouse.core.dim_customer c using (sk_customer_id)
    group by all;

create temp table book as
    select month_id, place, broker_id, customer_id, coalesce(sum(cash), 0) as cash,
        coalesce(sum(securities), 0) as securities, coalesce(sum(cash), 0) + coalesce(sum(securities), 0) as assets,
        coalesce(sum(bought), 0) as bought
    from known join owners using (month_id, account_id)
    left join cash using (month_id, account_id) left join held using (month_id, account_id)
    left join (
        select sk_date_id // 100 as month_id, account_id, sum(shares * price) as bought from changes group by all
    ) using (month_id, account_id)
    group by all;

create temp table brokers as
    select month_id, place, broker_id, sum(cash) as cash, sum(securities) as securities, sum(bought) as bought,
        count(*) filter (assets > 0) as clients, list_sum(list_reverse_sort(list(assets))[:5]) as top_five
    from book group by all;

create temp table today as
    select max(date_value) as day from quotes join warehouse.core.dim_date using (sk_date_id);

create temp table completed as
    select t.*, a.account_id, sk_close_date_id // 100 as month_id, t.quantity * coalesce(trade_price, 0) as amount,
        coalesce(fee, 0) as fees, coalesce(t.commission, 0) as commissions
    from warehouse.core.dim_trade t join warehouse.core.dim_account a using (sk_account_id)
    where t.status = 'Completed' and sk_close_date_id is not null;

create temp table clients as
    select customer_id, year(min(effective_date)) * 100 + month(min(effective_date)) as month_id
    from warehouse.core.dim_customer group by all;

create temp table last_owners as
    select account_id, customer_id from owners where month_id = (select max(month_id) from owners);
"""

# The broker had a book in the month before, and has one now.
FOLLOWED = "from brokers as b left join brokers as p on p.broker_id = b.broker_id and p.place = b.place - 1"
CLOSED = "from warehouse.core.dim_trade where sk_close_date_id is not null"
PRICED = """
    from (select *, lag(close_price) over w as before, day_number - lag(day_number) over w as days
        from quotes window w as (partition by symbol order by sk_date_id))
"""
# Each gives month and number.
SUMS = {
    "cash": "select month_id, sum(cash) from book group by 1",
    "securities": "select month_id, sum(securities) from book group by 1",
    "assets": "select month_id, sum(assets) from book group by 1",
    "net_flow": f"select b.month_id, sum(b.cash - coalesce(p.cash, 0) + b.bought) {FOLLOWED} group by 1",
    "market_gain": f"select b.month_id, sum(b.securities - coalesce(p.securities, 0) - b.bought) {FOLLOWED} group by 1",
    "clients_held": "select month_id, count(*) from book where assets > 0 group by 1",
    "clients_before": f"select b.month_id, sum(p.clients) {FOLLOWED} group by 1",
    "retained": """
        select b.month_id, count(*) from book b join book p
        on p.broker_id = b.broker_id and p.customer_id = b.customer_id and p.place = b.place - 1
        where b.assets > 0 and p.assets > 0 group by 1
    """,
    "top_five": "select month_id, sum(top_five) from brokers group by 1",
    "amount": "select month_id, sum(amount) from completed group by 1",
    "fees": "select month_id, sum(fees) from completed group by 1",
    "commission": "select month_id, sum(commissions) from completed group by 1",
    "revenue": "select month_id, sum(fees + commissions) from completed group by 1",
    "completed": "select month_id, count(*) from completed group by 1",
    "canceled": f"select sk_close_date_id // 100, count(*) {CLOSED} and status = 'Canceled' group by 1",
    "expired": f"""
        select sk_close_date_id // 100, count(*) {CLOSED} and status = 'Canceled'
            and sk_close_date_id > sk_create_date_id
        group by 1
    """,
    "closed": f"select sk_close_date_id // 100, count(*) {CLOSED} and status in ('Completed', 'Canceled') group by 1",
    "seconds": """
        select month_id, sum(epoch(cd.date_value + ct.time_value) - epoch(od.date_value + ot.time_value)) from completed
        join warehouse.core.dim_date cd on cd.sk_date_id = sk_close_date_id
        join warehouse.core.dim_time ct on ct.sk_time_id = sk_close_time_id
        join warehouse.core.dim_date od on od.sk_date_id = sk_create_date_id
        join warehouse.core.dim_time ot on ot.sk_time_id = sk_create_time_id
        group by 1
    """,
    "outside": """
        select month_id, count(*) from completed c join warehouse.core.dim_security s using (sk_security_id)
        join (
            select symbol, sk_date_id, day_low, day_high
            from warehouse.core.fact_market_history join warehouse.core.dim_security using (sk_security_id)
        ) p on p.symbol = s.symbol and p.sk_date_id = c.sk_close_date_id
        where trade_price not between day_low and day_high group by 1
    """,
    "clients": "select month_id, count(*) from clients group by 1",
    "trading": """
        select clients.month_id, count(distinct customer_id) from clients join last_owners using (customer_id)
        join completed c using (account_id) join warehouse.core.dim_date d on d.sk_date_id = c.sk_close_date_id
        where d.date_value > (select day - 90 from today) group by 1
    """,
    "assets_now": """
        select c.month_id, sum(b.assets) from clients c join book b using (customer_id)
        where b.month_id = (select max(month_id) from book) group by 1
    """,
    "revenue_year": """
        select c.month_id, sum(fees + commissions) from clients c join last_owners using (customer_id)
        join completed t using (account_id) join warehouse.core.dim_date d on d.sk_date_id = t.sk_close_date_id
        where d.date_value > (select day - interval 1 year from today) group by 1
    """,
    "prospects": "select sk_record_date_id // 100, count(*) from warehouse.core.prospect group by 1",
    "matched": "select sk_record_date_id // 100, count(*) from warehouse.core.prospect where is_customer group by 1",
    "watches": "select sk_date_id_date_placed // 100, count(*) from warehouse.core.fact_watches group by 1",
    "bought": """
        select w.sk_date_id_date_placed // 100, count(*) from warehouse.core.fact_watches w
        join warehouse.core.dim_customer wc using (sk_customer_id)
        join warehouse.core.dim_security ws using (sk_security_id)
        join warehouse.core.dim_date wd on wd.sk_date_id = w.sk_date_id_date_placed
        where exists (
            select 1 from completed t join warehouse.core.dim_customer c using (sk_customer_id)
            join warehouse.core.dim_security s using (sk_security_id)
            join warehouse.core.dim_date d on d.sk_date_id = t.sk_create_date_id
            where c.customer_id = wc.customer_id and s.symbol = ws.symbol and t.type in ('Market Buy', 'Limit Buy')
                and d.date_value between wd.date_value and wd.date_value + 30
        ) group by 1
    """,
    "turnover": "select sk_date_id // 100, sum(volume * close_price::decimal(28, 2)) from quotes group by 1",
    "quotes": "select sk_date_id // 100, count(*) from quotes group by 1",
    "with_earnings": "select sk_date_id // 100, count(pe_ratio) from quotes group by 1",
    "advances": f"select sk_date_id // 100, count(*) {PRICED} where days <= 20 and close_price > before group by 1",
    "declines": f"select sk_date_id // 100, count(*) {PRICED} where days <= 20 and close_price < before group by 1",
}

Expected = Callable[[dict[str, Months]], Answers]


def add(name: str) -> Expected:
    """A number that adds up over months."""
    return lambda sums: Answers(sums[name], sum(sums[name].values()))


def at_end(name: str) -> Expected:
    """A state: in all, it is that of the last month."""
    return lambda sums: Answers(sums[name], sums[name].get(max(sums["assets"]), 0))


def ratio(over: Expected, under: Expected, one_less: bool = False) -> Expected:
    """A number over another one, or what is missing from it to one."""

    def share(numerator: float, denominator: float) -> float:
        return 1 - numerator / denominator if one_less else numerator / denominator

    def expected(sums: dict[str, Months]) -> Answers:
        top, bottom = over(sums), under(sums)
        months = {m: share(top.by_month.get(m, 0), n) for m, n in bottom.by_month.items()}
        return Answers({m: n for m, n in months.items() if n}, share(top.in_all, bottom.in_all))

    return expected


METRICS: dict[str, Expected] = {
    "assets_under_management": at_end("assets"),
    "client_cash": at_end("cash"),
    "client_securities": at_end("securities"),
    "net_new_assets": add("net_flow"),
    "market_gain": add("market_gain"),
    "revenue": add("revenue"),
    "commission": add("commission"),
    "fees": add("fees"),
    "clients_with_assets": at_end("clients_held"),
    "client_months_held": add("clients_held"),
    "revenue_per_client": ratio(add("revenue"), add("clients_held")),
    "clients_retained": add("retained"),
    "clients_a_month_before": add("clients_before"),
    "client_retention": ratio(add("retained"), add("clients_before")),
    "client_churn": ratio(add("retained"), add("clients_before"), one_less=True),
    "asset_months_held": add("assets"),
    "client_traded_value": add("amount"),
    "turnover": ratio(add("amount"), add("assets")),
    "top_five_assets": at_end("top_five"),
    "concentration": ratio(at_end("top_five"), at_end("assets")),
    "completed_trades": add("completed"),
    "canceled_orders": add("canceled"),
    "closed_orders": add("closed"),
    "orders_expired": add("expired"),
    "cancellation_rate": ratio(add("canceled"), add("closed")),
    "traded_value": add("amount"),
    "trade_fees": add("fees"),
    "trade_commission": add("commission"),
    "commission_rate": ratio(add("commission"), add("amount")),
    "fee_rate": ratio(add("fees"), add("amount")),
    "fill_seconds": add("seconds"),
    "fill_time": ratio(add("seconds"), add("completed")),
    "trades_outside_day_range": add("outside"),
    "clients": add("clients"),
    "active_clients": add("trading"),
    "activity_rate": ratio(add("trading"), add("clients")),
    "assets_now": add("assets_now"),
    "revenue_of_last_year": add("revenue_year"),
    "prospects": add("prospects"),
    "matched_prospects": add("matched"),
    "match_rate": ratio(add("matched"), add("prospects")),
    "watches_placed": add("watches"),
    "watches_bought": add("bought"),
    "watch_conversion": ratio(add("bought"), add("watches")),
    "market_turnover": add("turnover"),
    "advancing_quotes": add("advances"),
    "declining_quotes": add("declines"),
    "daily_quotes": add("quotes"),
    "quotes_with_earnings": add("with_earnings"),
    "earnings_coverage": ratio(add("with_earnings"), add("quotes")),
}


@pytest.fixture(scope="module")
def sums(loaded: Warehouse) -> dict[str, Months]:
    """The numbers that metrics are made of, by month."""
    with duckdb.connect() as con:
        con.execute(f"attach '{loaded.path}' as warehouse (read_only)")
        con.execute(BOOK)
        return {
            name: {int(month): float(n) for month, n in con.execute(sql).fetchall() if n} for name, sql in SUMS.items()
        }


def test_every_metric_has_sql_of_its_own(semantic_manifest: Any) -> None:
    assert {metric.name for metric in semantic_manifest.metrics} == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_gives_what_other_sql_gives(answered: dict[str, Answers], sums: dict[str, Months], name: str) -> None:
    expected, found = METRICS[name](sums), answered[name]
    assert expected.by_month or name in NONE_HERE, "a metric that is nothing everywhere shows nothing"
    assert found.by_month == pytest.approx(expected.by_month, rel=1e-9, abs=1e-6)
    assert found.in_all == pytest.approx(expected.in_all, rel=1e-9, abs=1e-6)


def test_the_configuration_is_valid(semantic_manifest: Any) -> None:
    """What `mf validate-configs` says of the manifest; that the warehouse has its columns, the other tests show."""
    found = SemanticManifestValidator[Any]().validate_semantic_manifest(semantic_manifest)
    assert not found.has_blocking_issues, found.all_issues
    assert not found.all_issues


@contextmanager
def as_warehouse(published: Publication, who: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A published file under the name that MetricFlow's SQL has for the warehouse."""
    with connect_encrypted(published.room / "spill") as con:
        attach(con, published.file(who), "warehouse", published.key(who), read_only=True)
        yield con


@pytest.mark.parametrize("who", ["analyst", "steward"])
def test_an_audience_gets_the_same_numbers(
    published: Publication,
    secured_keys: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Asked],
    answered: dict[str, Answers],
    who: str,
) -> None:
    monkeypatch.setenv("WAREHOUSE_KEYS", str(secured_keys))
    with as_warehouse(published, who) as con:
        found = answers(con, asked)
    for name, expected in answered.items():
        assert found[name].by_month == pytest.approx(expected.by_month, rel=1e-12), name
        assert found[name].in_all == pytest.approx(expected.in_all, rel=1e-12), name


def test_dashboards_name_metrics_that_exist(semantic_manifest: Any) -> None:
    known = {metric.name for metric in semantic_manifest.metrics}
    named = {metric.name for page in PAGES for metric in page.metrics if not metric.label}
    assert named <= known


def test_the_guide_names_metrics_that_exist(semantic_manifest: Any) -> None:
    known = {metric.name for metric in semantic_manifest.metrics}
    guide = (PROJECT / "docs" / "analysts.md").read_text(encoding="utf-8")
    asked_for = [line.split("--metrics ")[1].split()[0] for line in guide.splitlines() if line.startswith("mf query")]
    assert asked_for
    assert {name for names in asked_for for name in names.split(",")} <= known
