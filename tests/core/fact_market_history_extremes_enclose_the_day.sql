{{ config(
    meta={
        'dimension': 'validity',
        'model': 'fact_market_history',
        'reason': 'Otherwise a 52-week extreme could be computed over the wrong days.',
    }
) }}
{{ never_stops_the_load() }}

select facts.*
from {{ ref('fact_market_history') }} as facts
where
    facts.fifty_two_week_low > facts.day_low
    or facts.day_low > facts.close_price
    or facts.close_price > facts.day_high
    or facts.day_high > facts.fifty_two_week_high
    or facts.sk_fifty_two_week_high_date > facts.sk_date_id
    or facts.sk_fifty_two_week_low_date > facts.sk_date_id
