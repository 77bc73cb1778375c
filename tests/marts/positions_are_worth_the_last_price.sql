{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'positions',
        'reason': "Otherwise clients would be shown with shares that they do not hold, or at another day's price.",
    }
) }}
{{ never_stops_the_load() }}

-- By security, straight from changes of holdings and prices.
with deltas as (
    select
        *,
        current_holding - coalesce(
            lag(current_holding) over (partition by trade_id order by sk_date_id, sk_time_id, current_trade_id), 0
        ) as delta
    from {{ ref('fact_holdings') }}
    where sk_date_id is not null
),

held as (
    select
        securities.symbol,
        sum(deltas.delta) as quantity
    from deltas
    inner join {{ ref('dim_security') }} as securities on deltas.sk_security_id = securities.sk_security_id
    group by securities.symbol
),

prices as (
    select
        securities.symbol,
        {{ latest_by('history.close_price', 'history.sk_date_id') }} as close_price
    from {{ ref('fact_market_history') }} as history
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
    group by securities.symbol
),

shown as (
    select
        symbol,
        sum(quantity) as quantity,
        sum(market_value) as market_value
    from {{ ref('positions') }}
    group by symbol
)

select
    held.symbol,
    held.quantity as expected_quantity,
    shown.quantity,
    held.quantity * coalesce(prices.close_price, 0) as expected_market_value,
    shown.market_value
from held
left join prices on held.symbol = prices.symbol
left join shown on held.symbol = shown.symbol
where
    held.quantity <> coalesce(shown.quantity, 0)
    or held.quantity * coalesce(prices.close_price, 0) <> coalesce(shown.market_value, 0)
