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

deltas as (
    select
        *,
        current_holding - coalesce(
            lag(current_holding) over (partition by trade_id order by sk_date_id, sk_time_id, current_trade_id), 0
        ) as delta
    from {{ ref('fact_holdings') }}
    where sk_date_id is not null
),

securities as (
    select
        sk_security_id,
        dense_rank() over (order by symbol) as security_number
    from {{ ref('dim_security') }}
),

prices as (
    select
        securities.security_number,
        {{ latest_by('history.close_price', 'history.sk_date_id') }} as close_price
    from {{ ref('fact_market_history') }} as history
    inner join securities on history.sk_security_id = securities.sk_security_id
    group by securities.security_number
),

-- Shares of a security at its last price are worth the same together as change by change.
holdings as (
    select
        accounts.account_id,
        sum(deltas.delta * coalesce(prices.close_price, 0)) as holdings_value,
        sum(deltas.delta * coalesce(deltas.current_price, 0)) as net_purchases
    from deltas
    inner join {{ ref('dim_account') }} as accounts on deltas.sk_account_id = accounts.sk_account_id
    inner join securities on deltas.sk_security_id = securities.sk_security_id
    left join prices on securities.security_number = prices.security_number
    group by accounts.account_id
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
