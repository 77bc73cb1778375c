{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'positions',
        'reason': "Otherwise clients would be shown with shares that they do not hold, or at another day's price.",
    }
) }}
{{ never_stops_the_load() }}

-- By security, straight from changes of holdings and prices.
with held as (
    select
        symbol,
        sum(quantity_change) as quantity
    from {{ ref('holding_changes') }}
    group by symbol
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
