{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'security_performance',
        'reason': "Otherwise a security would be missing, or be shown with another day's price.",
    }
) }}
{{ never_stops_the_load() }}

with symbols as (
    select
        sk_security_id,
        symbol
    from {{ ref('dim_security') }}
),

last_days as (
    select
        symbols.symbol,
        max(history.sk_date_id) as sk_date_id
    from {{ ref('fact_market_history') }} as history
    inner join symbols on history.sk_security_id = symbols.sk_security_id
    group by symbols.symbol
),

expected as (
    select
        last_days.symbol,
        last_days.sk_date_id,
        history.close_price,
        history.fifty_two_week_high,
        history.fifty_two_week_low
    from last_days
    inner join {{ ref('fact_market_history') }} as history on last_days.sk_date_id = history.sk_date_id
    inner join symbols
        on
            history.sk_security_id = symbols.sk_security_id
            and last_days.symbol = symbols.symbol
)

select
    coalesce(expected.symbol, shown.symbol) as symbol,
    expected.sk_date_id as expected_date_id,
    shown.priced_on,
    expected.close_price as expected_close_price,
    shown.close_price
from expected
full outer join {{ ref('security_performance') }} as shown on expected.symbol = shown.symbol
where
    expected.sk_date_id is distinct from {{ date_id('shown.priced_on') }}
    or expected.close_price is distinct from shown.close_price
    or expected.fifty_two_week_high is distinct from shown.fifty_two_week_high
    or expected.fifty_two_week_low is distinct from shown.fifty_two_week_low
