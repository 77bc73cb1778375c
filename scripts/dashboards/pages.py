"""The pages: what each asks of the published files, and how it shows the answers."""

from __future__ import annotations

from scripts.dashboards import charts
from scripts.dashboards.definitions import Cube, Metric, Page, View

# Broker and client tokens are long; their last digits tell those on a page apart.
BROKER = "'Broker ' || right(cast({} as varchar), 6)"
CLIENT = "'Client ' || right(cast({} as varchar), 6)"

ASSETS = Metric("assets_under_management", ("assets",), "money", at_end=True)
NET_NEW_ASSETS = Metric("net_new_assets", ("net_flow",), "money")
MARKET_GAIN = Metric("market_gain", ("market_gain",), "money")
REVENUE = Metric("revenue", ("revenue",), "money")
CLIENTS_HELD = Metric("clients_with_assets", ("clients",), "count", at_end=True)
RETENTION = Metric("client_retention", ("retained_clients", "clients_before"), "percent")
REVENUE_PER_CLIENT = Metric("revenue_per_client", ("revenue", "client_months"), "money")
TURNOVER = Metric("turnover", ("traded_value", "asset_months"), "percent")

BOOK = """
    sum(assets) as assets, sum(cash) as cash, sum(holdings_value) as holdings_value, sum(net_flow) as net_flow,
    sum(market_gain) as market_gain, sum(revenue) as revenue, sum(commission) as commission, sum(fees) as fees,
    sum(traded_value) as traded_value, sum(assets) as asset_months, sum(top_five_assets) as top_five_assets,
    sum(clients) as clients, sum(clients) as client_months, sum(clients_before) as clients_before,
    sum(retained_clients) as retained_clients, sum(trades) as trades
"""
BOOK_MONEY = (
    "assets", "cash", "holdings_value", "net_flow", "market_gain", "revenue", "commission", "fees", "traded_value",
    "asset_months", "top_five_assets",
)  # fmt: skip
BOOK_MEASURES = (*BOOK_MONEY, "clients", "client_months", "clients_before", "retained_clients", "trades")

OVERVIEW = Page(
    "overview",
    "Overview",
    "What the house looks after, what came in and what it earned.",
    cubes=(
        Cube(
            "months",
            "analyst",
            f"select month, branch, {BOOK} from marts.broker_months group by all order by all",
            ("month", "branch"),
            BOOK_MEASURES,
            frozenset(BOOK_MONEY),
            date="month",
        ),
        Cube(
            "types",
            "analyst",
            """
            select date_trunc('month', closed_on)::date as month, type, sum(completed) as completed,
                sum(traded_value) as traded_value, sum(fees + commission) as revenue
            from marts.execution_days group by all order by all
            """,
            ("month", "type"),
            ("completed", "traded_value", "revenue"),
            frozenset({"traded_value", "revenue"}),
            date="month",
        ),
    ),
    metrics=(
        ASSETS,
        Metric("client_cash", ("cash",), "money", at_end=True),
        Metric("client_securities", ("holdings_value",), "money", at_end=True),
        NET_NEW_ASSETS,
        MARKET_GAIN,
        REVENUE,
        Metric("commission", ("commission",), "money"),
        Metric("fees", ("fees",), "money"),
        CLIENTS_HELD,
        RETENTION,
        REVENUE_PER_CLIENT,
        TURNOVER,
        Metric("completed_trades", ("completed",), "count"),
    ),
    views=(
        View("assets", "months", ("assets_under_management",)),
        View("net", "months", ("net_new_assets",)),
        View("revenue", "months", ("revenue",)),
        View("per_client", "months", ("revenue_per_client",)),
        View("clients", "months", ("clients_with_assets",)),
        View("retention", "months", ("client_retention",)),
        View(
            "assets_by_month", "months", ("assets_under_management", "client_securities", "client_cash"), ("month",),
            "Assets at the end of each month", spec=charts.lines("month", "money"), long=True,
        ),
        View(
            "growth_by_month", "months", ("net_new_assets", "market_gain"), ("month",),
            "Where growth comes from: clients or the market", spec=charts.columns("month", "money"), long=True,
        ),
        View(
            "revenue_by_month", "months", ("commission", "fees"), ("month",), "Revenue by month",
            spec=charts.columns("month", "money"), long=True,
        ),
        View(
            "turnover_by_month", "months", ("turnover",), ("month",), "How often assets are traded",
            spec=charts.line("month", "turnover", "percent", zero=True),
        ),
        View(
            "branches", "months", ("assets_under_management", "revenue", "client_retention"), ("branch",),
            "Assets by branch", "Branches with fewer than five brokers are taken together as *.",
            spec=charts.bars("branch", "assets_under_management", "money"), sort="descending", top=20, click="branch",
        ),
        View(
            "types_by_month", "types", ("completed_trades",), ("month", "type"), "Completed trades by type",
            spec=charts.columns("month", "count", "type", "completed_trades"),
        ),
    ),  # fmt: skip
    filters=("branch",),
    labels={"month": "Month", "branch": "Branch", "type": "Order type"},
    findings=(
        (
            "analyst",
            """
            with ranked as (
                select assets, revenue_year, ntile(10) over (order by revenue_year desc, customer_id) as tenth
                from marts.client_360 where status = 'Active'
            )
            select 'The tenth of active clients who pay most bring '
                || round(100 * sum(revenue_year) filter (where tenth = 1) / sum(revenue_year)) || ' % of the last year''s revenue.'
            from ranked
            """,
        ),
        (
            "analyst",
            """
            with growth as (
                select sum(net_flow) as net_flow, sum(market_gain) as market_gain from marts.broker_months
                where month > (select max(month) - interval '12' month from marts.broker_months)
            )
            select 'Of the last twelve months'' growth, ' || round(100 * net_flow / (net_flow + market_gain))
                || ' % is money that clients brought; the rest is what the market did.'
            from growth where net_flow > 0 and market_gain > 0
            """,
        ),
        (
            "analyst",
            """
            select printf('Clients owe %.1f for every 100 they hold in securities.', -100.0 * sum(cash) / sum(holdings_value))
            from marts.broker_months where month = (select max(month) from marts.broker_months) having sum(cash) < 0
            """,
        ),
    ),
)

CLIENT_SUMS = """
    count(*) as clients, sum((trades_90_days > 0)::integer) as trading, sum(watched) as watched,
    sum(assets) as assets, sum(cash) as cash, sum(holdings_value) as holdings_value,
    sum(unrealised_gain) as unrealised_gain, sum(revenue_year) as revenue_year
"""
TENURE = """
    case when days_as_client < 365 then 'Under 1 year' when days_as_client < 1096 then '1 to 3 years'
        when days_as_client < 1826 then '3 to 5 years' when days_as_client < 3652 then '5 to 10 years'
        else '10 years and more' end
"""
CLIENTS = Page(
    "clients",
    "Clients",
    "Who the clients are as groups, what they hold, and who might leave. Nobody is named.",
    cubes=(
        Cube(
            "clients",
            "analyst",
            f"""
            select segment, coalesce(tier::varchar, 'None') as tier, status, age_band, net_worth_band, area,
                case when is_prospect then 'On the list' else 'Not on it' end as prospect, {TENURE} as tenure,
                coalesce(b.branch, '–') as branch, {CLIENT_SUMS}
            from marts.client_360 as c
            left join analytics.dim_broker as b on c.broker_id = b.broker_id and b.is_current
            group by all order by all
            """,
            ("segment", "tier", "status", "age_band", "net_worth_band", "area", "prospect", "tenure", "branch"),
            ("clients", "trading", "watched", "assets", "cash", "holdings_value", "unrealised_gain", "revenue_year"),
            frozenset({"assets", "cash", "holdings_value", "unrealised_gain", "revenue_year"}),
        ),
        Cube(
            "holdings",
            "analyst",
            """
            select c.segment, coalesce(c.tier::varchar, 'None') as tier, c.status, p.industry, count(*) as positions,
                sum(p.market_value) as market_value, sum(p.cost) as cost, sum(p.unrealised_gain) as gain
            from marts.positions as p inner join marts.client_360 as c on p.customer_id = c.customer_id
            group by all order by all
            """,
            ("segment", "tier", "status", "industry"),
            ("positions", "market_value", "cost", "gain"),
            frozenset({"market_value", "cost", "gain"}),
        ),
        Cube(
            "tenths",
            "analyst",
            """
            with ranked as (
                select *, ntile(10) over (order by assets desc, customer_id) as tenth from marts.client_360
                where status = 'Active'
            )
            select ranked.tenth || case ranked.tenth when 1 then ' (largest)' else '' end as tenth,
                sum(assets) as assets, sum(revenue_year) as revenue_year, count(*) as clients
            from ranked group by ranked.tenth order by ranked.tenth
            """,
            ("tenth",),
            ("assets", "revenue_year", "clients"),
            frozenset({"assets", "revenue_year"}),
        ),
        Cube(
            "households",
            "analyst",
            """
            select case when members > 4 then '5 and more' else members::varchar end as members,
                count(*) as households, sum(assets) as assets
            from marts.households group by all order by all
            """,
            ("members",),
            ("households", "assets"),
            frozenset({"assets"}),
        ),
        Cube(
            "largest",
            "analyst",
            f"""
            select {CLIENT.format("customer_id")} as client, segment, coalesce(tier::varchar, 'None') as tier, status,
                coalesce(last_trade_on::varchar, 'never') as last_trade, assets, unrealised_gain, revenue_year,
                trades_90_days
            from marts.client_360 order by assets desc, customer_id limit 200
            """,
            ("client", "segment", "tier", "status", "last_trade"),
            ("assets", "unrealised_gain", "revenue_year", "trades_90_days"),
            frozenset({"assets", "unrealised_gain", "revenue_year"}),
        ),
    ),
    metrics=(
        Metric("clients", ("clients",), "count"),
        Metric("active_clients", ("trading",), "count"),
        Metric("activity_rate", ("trading", "clients"), "percent"),
        Metric("assets_now", ("assets",), "money"),
        Metric("revenue_of_last_year", ("revenue_year",), "money"),
        Metric("revenue_yield", ("revenue_year", "assets"), "percent", label="Revenue over assets",
               text="Commission and fees of the last year over assets now."),
        Metric("assets_per_client", ("assets", "clients"), "money", label="Assets per client", text="Assets now over clients."),
        Metric("market_value", ("market_value",), "money", label="Market value", text="Quantity held times last price."),
        Metric("unrealised_gain", ("gain",), "money", label="Unrealised gain", text="Market value less what was paid, lots first in first out."),
        Metric("gain_rate", ("gain", "cost"), "percent", label="Unrealised gain over cost", text="Unrealised gain over what was paid for what is held."),
        Metric("paper_gain", ("unrealised_gain",), "money", label="Unrealised gain", text="Market value less what was paid."),
        Metric("households", ("households",), "count", label="Households", text="Addresses shared by this many customers."),
        Metric("trades_90_days", ("trades_90_days",), "count", label="Trades in 90 days", text="Trades completed in the 90 days before the last day with prices."),
    ),
    views=(
        View("clients", "clients", ("clients",)),
        View("active", "clients", ("active_clients",)),
        View("activity", "clients", ("activity_rate",)),
        View("assets", "clients", ("assets_now",)),
        View("revenue", "clients", ("revenue_of_last_year",)),
        View("yield", "clients", ("revenue_yield",)),
        View(
            "segments", "clients", ("clients", "assets_now", "revenue_of_last_year", "activity_rate"), ("segment",),
            "Clients by segment",
            "Left: inactive. Dormant: no trade in 180 days. New: client for less than 180 days. Frequent: ten trades or more in 90 days.",
            spec=charts.bars("segment", "clients", "count"), sort="descending", click="segment",
        ),
        View(
            "tiers", "clients", ("assets_now",), ("tier", "segment"), "Assets by tier and segment",
            spec=charts.stacked_bars("tier", "money", "segment", "assets_now"), click="tier",
        ),
        View(
            "tenths", "tenths", ("assets_now", "revenue_of_last_year"), ("tenth",),
            "Concentration: assets of each tenth of active clients",
            spec=charts.bars("tenth", "assets_now", "money"),
        ),
        View(
            "tenures", "clients", ("activity_rate", "clients", "assets_per_client"), ("tenure",), "Activity by tenure",
            spec=charts.bars("tenure", "activity_rate", "percent"), sort="descending", click="tenure",
        ),
        View(
            "industries", "holdings", ("market_value", "unrealised_gain", "gain_rate"), ("industry",),
            "What clients hold, by industry", spec=charts.bars("industry", "market_value", "money"), sort="descending",
            top=20, click="industry",
        ),
        View(
            "ages", "clients", ("clients", "assets_now", "activity_rate"), ("age_band",), "Clients by age",
            "* stands for groups that are too small to show.", spec=charts.bars("age_band", "clients", "count"),
            click="age_band",
        ),
        View(
            "areas", "clients", ("assets_now", "clients"), ("area",), "Assets by area",
            "Areas where few live are pooled into * or the first character.",
            spec=charts.bars("area", "assets_now", "money"), sort="descending", top=20, click="area",
        ),
        View(
            "households", "households", ("households", "assets_now"), ("members",), "Households by members",
            spec=charts.bars("members", "households", "count"),
        ),
        View(
            "largest", "largest", ("assets_now", "paper_gain", "revenue_of_last_year", "trades_90_days"),
            ("client", "segment", "tier", "status", "last_trade"), "The 200 largest clients",
            "Clients are tokens; whoever may see names finds them in core.", sort="descending", wide=True, click="segment",
        ),
    ),
    filters=("segment", "tier", "status", "tenure", "age_band", "net_worth_band", "area", "branch", "industry"),
    labels={"age_band": "Age", "net_worth_band": "Net worth", "tenth": "Tenth by assets", "last_trade": "Last trade", "members": "Members"},
    findings=(
        (
            "analyst",
            """
            select count(*) || ' active clients hold assets and have not traded in 180 days; together they hold '
                || printf('%,d', sum(assets)::bigint) || '.'
            from marts.client_360 where segment = 'Dormant' and assets > 0 having count(*) > 0
            """,
        ),
        (
            "analyst",
            """
            select count(*) || ' clients who left still have assets of ' || printf('%,d', sum(assets)::bigint)
                || ': accounts to be closed or won back.'
            from marts.client_360 where status = 'Inactive' and assets > 0 having count(*) > 0
            """,
        ),
        (
            "analyst",
            """
            select count(*) || ' clients owe more cash than a tenth of their securities are short of covering: their assets are below a tenth of what they hold.'
            from marts.client_360 where cash < 0 and holdings_value > 0 and assets < holdings_value / 10 having count(*) > 0
            """,
        ),
    ),
)  # fmt: skip

BROKERS = Page(
    "brokers",
    "Brokers",
    "Each broker's book by month: clients, assets, flows, revenue, and how much of it hangs on few clients.",
    cubes=(
        Cube(
            "book",
            "analyst",
            f"""
            with ranked as (
                select broker_id, row_number() over (order by sum(revenue) desc, broker_id) as place
                from marts.broker_months
                where month > (select max(month) - interval '13' month from marts.broker_months) group by broker_id
            )
            select month, case when place <= 200 then {BROKER.format("m.broker_id")} else 'All others' end as broker,
                branch, {BOOK}
            from marts.broker_months as m inner join ranked on m.broker_id = ranked.broker_id
            where month > (select max(month) - interval '13' month from marts.broker_months)
            group by all order by all
            """,
            ("month", "broker", "branch"),
            BOOK_MEASURES,
            frozenset(BOOK_MONEY),
            date="month",
        ),
        Cube(
            "teams",
            "analyst",
            f"""
            select {BROKER.format("manager_id")} as manager, brokers, clients, assets, revenue, net_flow
            from marts.team_months where month = (select max(month) from marts.team_months)
            order by assets desc, manager_id limit 100
            """,
            ("manager",),
            ("brokers", "clients", "assets", "revenue", "net_flow"),
            frozenset({"assets", "revenue", "net_flow"}),
        ),
    ),
    metrics=(
        ASSETS,
        NET_NEW_ASSETS,
        REVENUE,
        CLIENTS_HELD,
        RETENTION,
        REVENUE_PER_CLIENT,
        Metric("client_churn", ("retained_clients", "clients_before"), "percent", minus=True),
        Metric("concentration", ("top_five_assets", "assets"), "percent", at_end=True),
        Metric("team_size", ("brokers",), "count", label="Brokers", text="Brokers in the manager's team, the manager included."),
    ),
    views=(
        View("assets", "book", ("assets_under_management",)),
        View("net", "book", ("net_new_assets",)),
        View("revenue", "book", ("revenue",)),
        View("per_client", "book", ("revenue_per_client",)),
        View("churn", "book", ("client_churn",)),
        View("concentration", "book", ("concentration",)),
        View(
            "branches", "book", ("revenue", "assets_under_management", "client_retention"), ("branch",),
            "Revenue by branch", "Branches with fewer than five brokers are taken together as *.",
            spec=charts.bars("branch", "revenue", "money"), sort="descending", top=20, click="branch",
        ),
        View(
            "flows", "book", ("net_new_assets",), ("month",), "Net new assets by month",
            spec=charts.signed("month", "net_new_assets", "money"),
        ),
        View(
            "scatter", "book", ("clients_with_assets", "revenue"), ("broker",), "Clients and revenue of each broker",
            "Choose a point to see one broker's months.",
            spec=charts.points("clients_with_assets", "revenue", "count", "money", "Clients", "Revenue", "broker"),
            click="broker",
        ),
        View(
            "churn_by_month", "book", ("client_churn",), ("month",), "Client churn by month",
            spec=charts.line("month", "client_churn", "percent", zero=True),
        ),
        View(
            "league", "book",
            ("revenue", "assets_under_management", "net_new_assets", "clients_with_assets", "revenue_per_client",
             "client_retention", "concentration"),
            ("broker", "branch"), "League table",
            "The 200 brokers with most revenue in thirteen months; choose one to see the months above.",
            sort="descending", wide=True, click="broker",
        ),
        View(
            "teams", "teams", ("assets_under_management", "revenue", "net_new_assets", "team_size", "clients_with_assets"),
            ("manager",), "Teams in the last month",
            "A manager and every broker below, directly or not. The 100 largest.", sort="descending", wide=True,
        ),
    ),
    filters=("branch", "broker"),
    labels={"manager": "Manager"},
    findings=(
        (
            "analyst",
            """
            with last_year as (
                select broker_id, sum(net_flow) as net_flow from marts.broker_months
                where month > (select max(month) - interval '12' month from marts.broker_months) group by broker_id
            )
            select count(*) filter (where net_flow < 0) || ' of ' || count(*)
                || ' brokers lost more money of clients than they won in the last twelve months.'
            from last_year
            """,
        ),
        (
            "analyst",
            """
            with last_year as (
                select broker_id, sum(revenue) as revenue, row_number() over (order by sum(revenue) desc) as place
                from marts.broker_months
                where month > (select max(month) - interval '12' month from marts.broker_months) group by broker_id
            )
            select 'The ten brokers with most revenue earned '
                || round(100 * sum(revenue) filter (where place <= 10) / sum(revenue)) || ' % of it in the last twelve months.'
            from last_year having count(*) > 20
            """,
        ),
    ),
)  # fmt: skip

TRADING = Page(
    "trading",
    "Trading",
    "Orders from creation to completion or cancellation: how much, how fast, at what cost.",
    cubes=(
        Cube(
            "days",
            "analyst",
            """
            select closed_on as day, type, exchange_id as exchange, sum(completed) as completed,
                sum(canceled_same_day + canceled_later) as canceled, sum(canceled_later) as canceled_later,
                sum(completed + canceled_same_day + canceled_later) as closed, sum(seconds_to_fill) as seconds_to_fill,
                sum(outside_day_range) as outside_day_range, sum(shares) as shares,
                sum(traded_value) as traded_value, sum(fees) as fees, sum(commission) as commission
            from marts.execution_days group by all order by all
            """,
            ("day", "type", "exchange"),
            ("completed", "canceled", "canceled_later", "closed", "seconds_to_fill", "outside_day_range", "shares",
             "traded_value", "fees", "commission"),
            frozenset({"traded_value", "fees", "commission"}),
            date="day",
        ),
        Cube(
            "industries",
            "analyst",
            """
            select date_trunc('month', closed_on)::date as month, type, exchange_id as exchange, industry,
                sum(completed) as completed, sum(canceled_same_day + canceled_later) as canceled,
                sum(completed + canceled_same_day + canceled_later) as closed,
                sum(traded_value) as traded_value, sum(commission) as commission
            from marts.execution_days group by all order by all
            """,
            ("month", "type", "exchange", "industry"),
            ("completed", "canceled", "closed", "traded_value", "commission"),
            frozenset({"traded_value", "commission"}),
            date="month",
        ),
        Cube(
            "outliers",
            "analyst",
            """
            select closed_on as day, type, symbol, trade_id as trade,
                concat_ws(', ', case when is_fee_outlier then 'fee' end, case when is_commission_outlier then 'commission' end,
                    case when is_outside_day_range then 'price outside the day''s range' end) as why,
                fee, commission, traded_value
            from marts.trade_outliers order by (fee + commission) / traded_value desc, trade_id limit 300
            """,
            ("day", "type", "symbol", "trade", "why"),
            ("fee", "commission", "traded_value"),
            frozenset({"fee", "commission", "traded_value"}),
            date="day",
        ),
    ),
    metrics=(
        Metric("completed_trades", ("completed",), "count"),
        Metric("canceled_orders", ("canceled",), "count"),
        Metric("orders_expired", ("canceled_later",), "count"),
        Metric("cancellation_rate", ("canceled", "closed"), "percent"),
        Metric("traded_value", ("traded_value",), "money"),
        Metric("commission_rate", ("commission", "traded_value"), "percent"),
        Metric("fee_rate", ("fees", "traded_value"), "percent"),
        Metric("fill_time", ("seconds_to_fill", "completed"), "duration"),
        Metric("trades_outside_day_range", ("outside_day_range",), "count"),
        Metric("fee", ("fee",), "money", label="Fee", text="Fee of the trade."),
        Metric("commission", ("commission",), "money"),
        Metric("cost_rate", ("fee", "traded_value"), "percent", label="Fee over value", text="Fee over the value of the trade."),
    ),
    views=(
        View("completed", "days", ("completed_trades",)),
        View("value", "days", ("traded_value",)),
        View("fill", "days", ("fill_time",)),
        View("canceled", "days", ("cancellation_rate",)),
        View("commission", "days", ("commission_rate",)),
        View("outside", "days", ("trades_outside_day_range",)),
        View("value_by_day", "days", ("traded_value", "completed_trades"), ("day",), "Traded value by day",
             spec=charts.line("day", "traded_value", "money", zero=True)),
        View("orders_by_month", "industries", ("completed_trades", "canceled_orders"), ("month",), "Orders by month",
             spec=charts.columns("month", "count"), long=True),
        View("fill_by_type", "days", ("fill_time", "completed_trades"), ("type",), "Time to fill by order type, in seconds",
             spec=charts.bars("type", "fill_time", "duration"), sort="descending", click="type"),
        View("canceled_by_type", "days", ("cancellation_rate", "canceled_orders", "orders_expired"), ("type",),
             "Share of orders canceled, by type", spec=charts.bars("type", "cancellation_rate", "percent"),
             sort="descending", click="type"),
        View("industries", "industries", ("traded_value", "completed_trades", "cancellation_rate"), ("industry",),
             "Traded value by industry", spec=charts.bars("industry", "traded_value", "money"), sort="descending", top=20,
             click="industry"),
        View("exchanges", "days", ("traded_value", "commission_rate", "fee_rate", "completed_trades"), ("exchange",),
             "Traded value by exchange", spec=charts.bars("exchange", "traded_value", "money"), sort="descending",
             click="exchange"),
        View("outliers", "outliers", ("cost_rate", "fee", "commission", "traded_value"),
             ("day", "type", "symbol", "trade", "why"), "Trades to look at",
             "Fee or commission far above what trades of the type cost, or a price outside the day's range of the security. "
             "The 300 dearest for their value.", sort="descending", wide=True, click="symbol"),
    ),
    filters=("type", "exchange", "industry"),
    labels={"type": "Order type", "why": "Why", "trade": "Trade", "day": "Day"},
    findings=(
        (
            "analyst",
            """
            with by_type as (
                select sum(canceled_same_day + canceled_later) filter (where type like 'Market%') / sum(completed + canceled_same_day + canceled_later) filter (where type like 'Market%') as market,
                    sum(canceled_same_day + canceled_later) filter (where type not like 'Market%') / sum(completed + canceled_same_day + canceled_later) filter (where type not like 'Market%') as limited
                from marts.execution_days
            )
            select printf('%.1f %% of limit orders are canceled, of market orders %.1f %%.', 100 * limited, 100 * market) from by_type
            """,
        ),
        (
            "analyst",
            """
            select count(*) || ' trades cost far more than is usual for their type: '
                || printf('%,d', sum(fee + commission)::bigint) || ' in fees and commission.'
            from marts.trade_outliers where is_fee_outlier or is_commission_outlier having count(*) > 0
            """,
        ),
    ),
)  # fmt: skip

MARKET = Page(
    "market",
    "Market",
    "The universe of securities: an index, breadth, breakouts, and what earnings cost.",
    cubes=(
        Cube(
            "index",
            "analyst",
            """
            select i.day, i.index_value, d.advances, d.declines, d.new_highs, d.new_lows, d.securities, d.with_earnings, d.turnover
            from marts.market_index as i inner join marts.market_days as d on i.day = d.day order by i.day
            """,
            ("day",),
            ("index_value", "advances", "declines", "new_highs", "new_lows", "securities", "with_earnings", "turnover"),
            frozenset({"turnover"}),
            date="day",
        ),
        Cube(
            "industries",
            "analyst",
            """
            select valued_on as day, industry, capitalisation, case when pe_ratio > 0 then capitalisation / pe_ratio else 0 end::decimal(28, 2) as earnings,
                case when pe_ratio > 0 then capitalisation else 0 end::decimal(28, 2) as capitalisation_with_earnings, securities, with_earnings
            from marts.industry_months order by 1, 2
            """,
            ("day", "industry"),
            ("capitalisation", "earnings", "capitalisation_with_earnings", "securities", "with_earnings"),
            frozenset({"capitalisation", "earnings", "capitalisation_with_earnings"}),
            date="day",
        ),
        Cube(
            "securities",
            "analyst",
            """
            select symbol, company, industry, exchange_id as exchange, market_capitalisation, close_price, return_year, volatility,
                pe_ratio, 1 as count
            from marts.security_performance order by market_capitalisation desc, symbol limit 2000
            """,
            ("symbol", "company", "industry", "exchange"),
            ("market_capitalisation", "close_price", "return_year", "volatility", "pe_ratio", "count"),
            frozenset({"market_capitalisation", "close_price"}),
        ),
        Cube(
            "breakouts",
            "analyst",
            """
            select date_trunc('month', day)::date as month, industry, direction, count(*) as breakouts
            from marts.breakouts group by all order by all
            """,
            ("month", "industry", "direction"),
            ("breakouts",),
            date="month",
        ),
    ),
    metrics=(
        Metric("index", ("index_value",), "decimal", at_end=True, label="Index",
               text="All securities, each weighted by shares outstanding times its price before, chained day by day; 1000 on the first day."),
        Metric("advancing_quotes", ("advances",), "count"),
        Metric("declining_quotes", ("declines",), "count"),
        Metric("market_turnover", ("turnover",), "money"),
        Metric("earnings_coverage", ("with_earnings", "securities"), "percent"),
        Metric("new_highs", ("new_highs",), "count", label="New highs", text="Securities whose highest price of 52 weeks was on the day; in the first year of prices nearly all."),
        Metric("new_lows", ("new_lows",), "count", label="New lows", text="Securities whose lowest price of 52 weeks was on the day; in the first year of prices nearly all."),
        Metric("pe_ratio", ("capitalisation_with_earnings", "earnings"), "decimal", at_end=True, label="Price to earnings",
               text="Capitalisation of companies with earnings over those earnings, of four quarters, at the end of the last month."),
        Metric("capitalisation", ("capitalisation",), "money", at_end=True, label="Capitalisation",
               text="Shares outstanding times price, at the end of the last month."),
        Metric("breakouts", ("breakouts",), "count", label="Breakouts", text="Days on which a security with a year of prices reached its highest or lowest of 52 weeks."),
        Metric("return_year", ("return_year", "count"), "percent", label="Return of a year", text="Last price over the price a year before, less one; without dividends."),
        Metric("volatility", ("volatility", "count"), "percent", label="Volatility", text="Standard deviation of daily returns of a year, times the root of 252."),
        Metric("security_pe", ("pe_ratio", "count"), "decimal", label="Price to earnings", text="Last price over earnings of four quarters a share."),
        Metric("close_price", ("close_price",), "money", label="Close", text="Last closing price."),
        Metric("market_capitalisation", ("market_capitalisation",), "money", label="Capitalisation", text="Shares outstanding times last price."),
    ),
    views=(
        View("index", "index", ("index",)),
        View("turnover", "index", ("market_turnover",)),
        View("coverage", "index", ("earnings_coverage",)),
        View("pe", "industries", ("pe_ratio",)),
        View("index_by_day", "index", ("index", "market_turnover"), ("day",), "Index of all securities",
             spec=charts.line("day", "index", "count"), wide=False),
        View("breakouts_by_month", "breakouts", ("breakouts",), ("month", "direction"), "52-week breakouts by month",
             "Of securities with a year of prices.", spec=charts.columns("month", "count", "direction", "breakouts")),
        View("pe_by_industry", "industries", ("pe_ratio", "capitalisation", "earnings_coverage"), ("industry",),
             "Price to earnings by industry", "The cheapest first.", spec=charts.bars("industry", "pe_ratio", "decimal"),
             sort="ascending", top=25, click="industry"),
        View("scatter", "securities", ("volatility", "return_year"), ("symbol",), "Risk and return of a year",
             "One point a security.", spec=charts.points("volatility", "return_year", "percent", "percent", "Volatility", "Return", "symbol"),
             click="symbol"),
        View("breadth", "index", ("advancing_quotes", "declining_quotes"), ("day",), "Advances and declines by day",
             spec=charts.lines("day", "count"), long=True),
        View("breakouts_by_industry", "breakouts", ("breakouts",), ("industry", "direction"), "Breakouts by industry",
             spec=charts.stacked_bars("industry", "count", "direction", "breakouts"), sort="descending", top=40, click="industry"),
        View("securities", "securities", ("market_capitalisation", "close_price", "return_year", "volatility", "security_pe"),
             ("symbol", "company", "industry", "exchange"), "Securities", "The 2,000 largest.", sort="descending", wide=True, click="industry"),
    ),
    filters=("industry", "exchange"),
    labels={"day": "Day", "symbol": "Security"},
    findings=(
        (
            "analyst",
            """
            select printf('The index stands at %.0f, %.1f %% away from its highest of %.0f on %s.', last_value, 100 * (last_value / highest - 1), highest, high_day)
            from (select max_by(index_value, day) as last_value, max(index_value) as highest, max_by(day, index_value)::varchar as high_day from marts.market_index)
            """,
        ),
        (
            "analyst",
            """
            select count(*) filter (where close_price <= fifty_two_week_low * 1.05) || ' securities are within 5 % of their lowest price of 52 weeks, '
                || count(*) filter (where close_price >= fifty_two_week_high * 0.95) || ' within 5 % of their highest.'
            from marts.security_performance
            """,
        ),
    ),
)  # fmt: skip

MARKETING = Page(
    "marketing",
    "Marketing",
    "Whether the agency's list finds clients, and whether watching leads to buying.",
    cubes=(
        Cube(
            "funnel",
            "analyst",
            """
            select listed_on, nameplate, sum(prospects) as prospects, sum(case when is_customer then prospects else 0 end) as matched,
                sum(case when is_customer then 0 else prospects end) as open
            from marts.prospect_funnel group by all order by all
            """,
            ("listed_on", "nameplate"),
            ("prospects", "matched", "open"),
            date="listed_on",
        ),
        Cube(
            "watches",
            "analyst",
            """
            select month, industry, sum(watches) as watches, sum(removed) as removed, sum(bought_in_30_days) as bought
            from marts.watch_conversion group by all order by all
            """,
            ("month", "industry"),
            ("watches", "removed", "bought"),
            date="month",
        ),
    ),
    metrics=(
        Metric("prospects", ("prospects",), "count"),
        Metric("matched_prospects", ("matched",), "count"),
        Metric("open_prospects", ("open",), "count", label="Prospects to be won", text="Prospects who are no current, active clients."),
        Metric("match_rate", ("matched", "prospects"), "percent"),
        Metric("watches_placed", ("watches",), "count"),
        Metric("watches_bought", ("bought",), "count"),
        Metric("watch_conversion", ("bought", "watches"), "percent"),
    ),
    views=(
        View("prospects", "funnel", ("prospects",)),
        View("matched", "funnel", ("matched_prospects",)),
        View("rate", "funnel", ("match_rate",)),
        View("watches", "watches", ("watches_placed",)),
        View("conversion", "watches", ("watch_conversion",)),
        View("nameplates", "funnel", ("open_prospects", "matched_prospects"), ("nameplate",),
             "Prospects by nameplate: to be won, and won", "* stands for nameplates that fewer than five share.",
             spec=charts.stacked_bars("nameplate", "count"), long=True, sort="descending", top=25, click="nameplate"),
        View("rates", "funnel", ("match_rate", "prospects"), ("nameplate",), "Match rate by nameplate",
             spec=charts.bars("nameplate", "match_rate", "percent"), sort="descending", top=25, click="nameplate"),
        View("watches_by_month", "watches", ("watches_placed",), ("month",), "Watches placed by month",
             spec=charts.line("month", "watches_placed", "count", zero=True)),
        View("conversion_by_month", "watches", ("watch_conversion", "watches_bought"), ("month",), "Watch conversion by month",
             "Watches of the last month have had less than 30 days to lead to a purchase.",
             spec=charts.line("month", "watch_conversion", "percent", zero=True)),
        View("conversion_by_industry", "watches", ("watch_conversion", "watches_placed", "watches_bought"), ("industry",),
             "Watch conversion by industry", spec=charts.bars("industry", "watch_conversion", "percent"), sort="descending",
             top=20, click="industry"),
        View("list_days", "funnel", ("prospects", "matched_prospects", "match_rate"), ("listed_on",), "By list",
             "The last list that named them."),
    ),
    filters=("nameplate", "industry"),
    labels={"listed_on": "Listed on"},
    findings=(
        (
            "analyst",
            """
            with rates as (
                select nameplate, sum(prospects) as prospects, sum(case when is_customer then 0 else prospects end) as open
                from marts.prospect_funnel where nameplate not in ('*', 'None') group by nameplate
            )
            select 'Most prospects still to be won are ' || max_by(nameplate, open) || ': ' || max(open) || '.' from rates
            """,
        ),
        (
            "analyst",
            """
            select printf('Of 1,000 watches, %.0f lead to a purchase within 30 days.', 1000.0 * sum(bought_in_30_days) / sum(watches))
            from marts.watch_conversion
            """,
        ),
    ),
)  # fmt: skip

BATCH_DATE = "inner join operations.batches as b on {}.batch_id = b.batch_id"
QUALITY = Page(
    "quality",
    "Data quality",
    "What the tests say, and what became of every row that landed.",
    cubes=(
        Cube(
            "score",
            "steward",
            """
            select model_name as model, dimension, sum(checks) as checks, sum(passed) as passed, sum(failed) as failed
            from operations.quality_scorecard group by all order by all
            """,
            ("model", "dimension"),
            ("checks", "passed", "failed"),
        ),
        Cube(
            "history",
            "steward",
            """
            select strftime(checked_at, '%Y-%m-%d %H:%M') as run, dimension, sum(checks) as checks, sum(passed) as passed
            from operations.quality_scorecard_history
            where checked_at >= coalesce((select min(started_at) from (
                select started_at from operations.runs order by started_at desc limit 30)), checked_at)
            group by all order by all
            """,
            ("run", "dimension"),
            ("checks", "passed"),
        ),
        Cube(
            "rows",
            "steward",
            f"""
            select b.batch_date as day, r.source_name as feed, sum(r.landed_rows) as landed, sum(r.loaded_rows) as loaded,
                sum(r.rejected_rows) as rejected, sum(r.lost_rows) as lost
            from operations.reconciliation as r {BATCH_DATE.format("r")} group by all order by all
            """,
            ("day", "feed"),
            ("landed", "loaded", "rejected", "lost"),
            date="day",
        ),
        Cube(
            "rejects",
            "steward",
            f"""
            select b.batch_date as day, r.source_name as feed, r.reason_code as reason, count(*) as rows
            from operations.rejected_rows as r {BATCH_DATE.format("r")} group by all order by all
            """,
            ("day", "feed", "reason"),
            ("rows",),
            date="day",
        ),
        Cube(
            "messages",
            "steward",
            f"""
            select b.batch_date as day, m.message_source as source, m.message_text as message, count(*) as rows
            from operations.di_messages as m {BATCH_DATE.format("m")} where m.message_type = 'Alert'
            group by all order by all
            """,
            ("day", "source", "message"),
            ("rows",),
            date="day",
        ),
        Cube(
            "anomalies",
            "steward",
            f"""
            select b.batch_date as day, a.source_name as feed, a.kind, a.explanation, a.score
            from operations.anomalies as a {BATCH_DATE.format("a")} order by a.score desc limit 200
            """,
            ("day", "feed", "kind", "explanation"),
            ("score",),
            date="day",
        ),
    ),
    metrics=(
        Metric("score", ("passed", "checks"), "percent", label="Checks passed", text="Share of data tests that passed when they last ran."),
        Metric("checks", ("checks",), "count", label="Checks", text="Data tests that ran."),
        Metric("failed", ("failed",), "count", label="Checks failed", text="Data tests that failed when they last ran."),
        Metric("landed", ("landed",), "count", label="Rows landed", text="Rows counted in the files."),
        Metric("loaded", ("loaded",), "count", label="Rows loaded", text="Rows found in the tables again."),
        Metric("rejected", ("rejected",), "count", label="Rows rejected", text="Rows set aside, with a reason."),
        Metric("lost", ("lost",), "count", label="Rows lost", text="Rows neither loaded nor rejected. Must be none."),
        Metric("rejected_rate", ("rejected", "landed"), "percent", label="Share rejected", text="Rejected rows over landed rows."),
        Metric("rows", ("rows",), "count", label="Rows", text="Rows that the message or reason is about."),
        Metric("anomaly", ("score",), "decimal", label="Score", text="How far from what was expected, in usual deviations."),
    ),
    views=(
        View("score", "score", ("score",)),
        View("checks", "score", ("checks",)),
        View("failed", "score", ("failed",)),
        View("landed", "rows", ("landed",)),
        View("rejected", "rows", ("rejected",)),
        View("lost", "rows", ("lost",)),
        View("dimensions", "score", ("checks", "failed", "score"), ("dimension",), "Checks by what they look at",
             spec=charts.bars("dimension", "checks", "count"), sort="descending", click="dimension"),
        View("history", "history", ("score", "checks"), ("run",), "Checks passed in each run", "The last thirty runs.",
             spec=charts.bars("run", "score", "percent")),
        View("landed_by_day", "rows", ("landed", "rejected", "lost"), ("day",), "Rows landed by batch",
             spec=charts.bars("day", "landed", "count")),
        View("messages", "messages", ("rows",), ("message",), "Alerts about rows", spec=charts.bars("message", "rows", "count"),
             sort="descending", click="message"),
        View("feeds", "rows", ("landed", "loaded", "rejected", "lost", "rejected_rate"), ("feed",), "Reconciliation by feed",
             sort="descending", wide=True, click="feed"),
        View("rejects", "rejects", ("rows",), ("feed", "reason"), "Rejected rows by reason", sort="descending", click="feed"),
        View("anomalies", "anomalies", ("anomaly",), ("day", "feed", "kind", "explanation"), "What is unusual", sort="descending"),
        View("models", "score", ("checks", "failed", "score"), ("model",), "Checks by model", sort="descending", wide=True),
    ),
    filters=("feed", "dimension"),
    labels={"day": "Batch of", "feed": "Feed"},
    findings=(
        (
            "steward",
            """
            select case when sum(lost_rows) = 0 then 'Every row that landed is loaded or rejected with a reason.'
                else sum(lost_rows) || ' rows are neither loaded nor rejected.' end from operations.reconciliation
            """,
        ),
        (
            "steward",
            """
            select printf('%,d', sum(case when message_type = 'Alert' then 1 else 0 end)::bigint)
                || ' alerts were raised about rows that were loaded all the same.' from operations.di_messages
            """,
        ),
    ),
)  # fmt: skip

PIPELINE = Page(
    "pipeline",
    "Pipeline",
    "What arrived, what ran, how long it took, and what got slower.",
    cubes=(
        Cube(
            "runs",
            "steward",
            """
            select strftime(started_at, '%Y-%m-%d %H:%M:%S') as run, command, status,
                coalesce(round(seconds), 0)::bigint as seconds, nodes, errors, failed, warned, 1 as runs
            from (select * from operations.runs order by started_at desc limit 60) order by run
            """,
            ("run", "command", "status"),
            ("seconds", "nodes", "errors", "failed", "warned", "runs"),
        ),
        Cube(
            "nodes",
            "steward",
            """
            select node_name as model, schema_name as layer, (sum(seconds) * 1000)::bigint as milliseconds, count(*) as runs,
                max(rows_affected) as rows
            from operations.run_results
            where node_kind = 'model' and run_id in (
                select run_id from operations.runs where command in ('run', 'build') order by started_at desc limit 10)
            group by all order by all
            """,
            ("model", "layer"),
            ("milliseconds", "runs", "rows"),
        ),
        Cube(
            "files",
            "steward",
            f"""
            select b.batch_date as day, f.source_name as feed, count(*) as files, sum(f.byte_count) as bytes, sum(f.line_count) as lines
            from operations.landed_files as f {BATCH_DATE.format("f")} group by all order by all
            """,
            ("day", "feed"),
            ("files", "bytes", "lines"),
            date="day",
        ),
        Cube(
            "slow",
            "steward",
            """
            select node_name as model, explanation, seconds, times_usual from operations.slow_models
            order by times_usual desc limit 100
            """,
            ("model", "explanation"),
            ("seconds", "times_usual"),
        ),
    ),
    metrics=(
        Metric("runs", ("runs",), "count", label="Runs", text="Runs of dbt that left a record; at most the last sixty."),
        Metric("run_seconds", ("seconds", "runs"), "duration", label="Seconds a run", text="Mean seconds from the first statement to the last."),
        Metric("errors", ("errors",), "count", label="Errors", text="Models that stopped with an error."),
        Metric("failed", ("failed",), "count", label="Failed tests", text="Data tests that failed."),
        Metric("files", ("files",), "count", label="Files", text="Files that were loaded."),
        Metric("bytes", ("bytes",), "count", label="Bytes", text="Bytes of loaded files."),
        Metric("lines", ("lines",), "count", label="Lines", text="Lines of loaded files."),
        Metric("milliseconds", ("milliseconds", "runs"), "count", label="Milliseconds a run", text="Mean time of the model in the last ten runs."),
        Metric("rows", ("rows",), "count", label="Rows written", text="Most rows written in one of these runs."),
        Metric("times", ("times_usual",), "decimal", label="Times the usual", text="Time of the last run over the usual time of the model."),
    ),
    views=(
        View("runs", "runs", ("runs",)),
        View("seconds", "runs", ("run_seconds",)),
        View("errors", "runs", ("errors",)),
        View("failed", "runs", ("failed",)),
        View("files", "files", ("files",)),
        View("bytes", "files", ("bytes",)),
        View("runs_by_time", "runs", ("run_seconds", "errors", "failed"), ("run", "command", "status"), "Seconds of each run",
             spec=charts.stacked_bars("run", "count", "status", "run_seconds")),
        View("models", "nodes", ("milliseconds", "rows"), ("model",), "Models that take longest", "Mean of the last ten runs.",
             spec=charts.bars("model", "milliseconds", "count"), sort="descending", top=20),
        View("layers", "nodes", ("milliseconds",), ("layer",), "Time by layer", spec=charts.bars("layer", "milliseconds", "count"),
             sort="descending", click="layer"),
        View("feeds", "files", ("bytes", "lines", "files"), ("feed",), "Bytes by feed", spec=charts.bars("feed", "bytes", "count"),
             sort="descending", click="feed"),
        View("days", "files", ("files", "lines", "bytes"), ("day",), "What arrived, by batch"),
        View("slow", "slow", ("times",), ("model", "explanation"), "What got slower", sort="descending"),
    ),
    filters=("layer", "feed"),
    labels={"day": "Batch of", "run": "Run"},
    findings=(
        (
            "steward",
            """
            select 'The last run ended with ' || max_by(status, started_at) || ' after '
                || round(max_by(seconds, started_at)) || ' seconds.' from operations.runs
            where status <> 'running'
            """,
        ),
    ),
)  # fmt: skip

PAGES = (OVERVIEW, CLIENTS, BROKERS, TRADING, MARKET, MARKETING, QUALITY, PIPELINE)
