{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'breakouts',
        'reason': 'Otherwise a breakout would be shown that was none, or be missing.',
    }
) }}
{{ never_stops_the_load() }}

-- A day's extreme of the year that is its own, of a security that had prices a year before.
with history as (
    select
        securities.symbol,
        prices.sk_date_id,
        prices.sk_fifty_two_week_high_date = prices.sk_date_id as is_high,
        prices.sk_fifty_two_week_low_date = prices.sk_date_id as is_low,
        min(prices.sk_date_id) over (partition by securities.symbol) as first_date_id
    from {{ ref('fact_market_history') }} as prices
    inner join {{ ref('dim_security') }} as securities on prices.sk_security_id = securities.sk_security_id
),

expected as (
    select *
    from history
    where
        (is_high or is_low)
        and {{ date_of('first_date_id') }} <= {{ date_of('sk_date_id') }} - interval '1' year
)

select
    coalesce(expected.symbol, shown.symbol) as symbol,
    expected.sk_date_id,
    shown.day,
    shown.direction
from expected
full outer join {{ ref('breakouts') }} as shown
    on
        expected.symbol = shown.symbol
        and expected.sk_date_id = {{ date_id('shown.day') }}
where
    expected.symbol is null
    or shown.symbol is null
    or shown.direction <> case when expected.is_high then 'High' else 'Low' end
