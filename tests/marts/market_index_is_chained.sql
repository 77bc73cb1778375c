{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'market_index',
        'reason': 'Otherwise the index would not be what the days gained one after another.',
    }
) }}
{{ never_stops_the_load() }}

-- Each day's index is the one before times the day's gain, but for rounding to four decimals; the first one follows
-- 1000.
with followed as (
    select
        day,
        index_value,
        day_return,
        lag(index_value, 1, 1000) over (order by day) as index_before
    from {{ ref('market_index') }}
)

select *
from followed
where abs(index_value - index_before * (1 + coalesce(day_return, 0))) > 0.0002 + 0.0002 * abs(coalesce(day_return, 0))
