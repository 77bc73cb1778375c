{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'fact_account_months',
        'reason': 'Otherwise the newest month would not show what accounts hold.',
    }
) }}
{{ never_stops_the_load() }}

-- Account by account: the last balance, and shares at their last price.
with balances as (
    select
        accounts.account_id,
        {{ latest_by('facts.cash', 'facts.sk_date_id') }} as cash
    from {{ ref('fact_cash_balances') }} as facts
    inner join {{ ref('dim_account') }} as accounts on facts.sk_account_id = accounts.sk_account_id
    group by accounts.account_id
),

prices as (
    select
        securities.symbol,
        {{ latest_by('history.close_price', 'history.sk_date_id') }} as close_price
    from {{ ref('fact_market_history') }} as history
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
    group by securities.symbol
),

-- Shares of a security at its last price are worth the same together as change by change.
holdings as (
    select
        changes.account_id,
        sum(changes.quantity_change * coalesce(prices.close_price, 0)) as holdings_value,
        sum(changes.quantity_change * changes.price) as net_purchases
    from {{ ref('holding_changes') }} as changes
    left join prices on changes.symbol = prices.symbol
    group by changes.account_id
),

last_month as (
    select max(month_id) as month_id from {{ ref('fact_account_months') }}
),

shown as (
    select
        accounts.account_id,
        sum(case when facts.month_id = last_month.month_id then facts.cash end) as cash,
        sum(case when facts.month_id = last_month.month_id then facts.holdings_value end) as holdings_value,
        sum(facts.net_purchases) as net_purchases
    from {{ ref('fact_account_months') }} as facts
    inner join {{ ref('dim_account') }} as accounts on facts.sk_account_id = accounts.sk_account_id
    cross join last_month
    group by accounts.account_id
),

expected as (
    select
        coalesce(balances.account_id, holdings.account_id) as account_id,
        coalesce(balances.cash, 0) as cash,
        coalesce(holdings.holdings_value, 0) as holdings_value,
        coalesce(holdings.net_purchases, 0) as net_purchases
    from balances
    full outer join holdings on balances.account_id = holdings.account_id
)

select
    expected.account_id,
    expected.cash as expected_cash,
    shown.cash,
    expected.holdings_value as expected_holdings_value,
    shown.holdings_value,
    expected.net_purchases as expected_net_purchases,
    shown.net_purchases
from expected
left join shown on expected.account_id = shown.account_id
where
    expected.cash <> coalesce(shown.cash, 0)
    or expected.holdings_value <> coalesce(shown.holdings_value, 0)
    or expected.net_purchases <> coalesce(shown.net_purchases, 0)
