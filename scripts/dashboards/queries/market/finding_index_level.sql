with extremes as (
    select
        max_by(index_value, day) as last_value,
        max(index_value) as highest,
        max_by(day, index_value)::varchar as high_day
    from marts.market_index
)

select
    printf(
        'The index stands at %.0f, %.1f %% below its highest of %.0f on %s.',
        last_value,
        100 * (1 - last_value / highest),
        highest,
        high_day
    ) as finding
from extremes
