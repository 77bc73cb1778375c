{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'breakouts',
        'reason': 'Otherwise a breakout would be shown that was none, or be missing.',
    }
) }}
{{ never_stops_the_load() }}

-- A day that sets the year's extreme itself, for a security with prices a year before.
with first_days as (
    select
        securities.symbol,
        {{ date_of('min(prices.sk_date_id)') }} as day
    from {{ ref('fact_market_history') }} as prices
    inner join {{ ref('dim_security') }} as securities on prices.sk_security_id = securities.sk_security_id
    group by securities.symbol
),

expected as (
    select
        securities.symbol,
        prices.sk_date_id,
        prices.sk_fifty_two_week_high_date = prices.sk_date_id as is_high
    from {{ ref('fact_market_history') }} as prices
    inner join {{ ref('dim_security') }} as securities on prices.sk_security_id = securities.sk_security_id
    inner join first_days on securities.symbol = first_days.symbol
    where
        (
            prices.sk_fifty_two_week_high_date = prices.sk_date_id
            or prices.sk_fifty_two_week_low_date = prices.sk_date_id
        )
        and first_days.day <= {{ date_of('prices.sk_date_id') }} - interval '1' year
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
