{{ config(materialized='view') }}

-- Chained: each day's index is the one before, times what the securities of both days gained.
with days as (
    select * from {{ ref('market_days') }}
),

final as (
    select
        day,
        round(
            1000 * exp(
                sum(coalesce(ln(cast(capitalisation_after as double) / cast(capitalisation_before as double)), 0)) over (
                    order by day
                    rows between unbounded preceding and current row
                )
            ),
            4
        ) as index_value,
        cast(capitalisation_after as double) / cast(capitalisation_before as double) - 1 as day_return,
        batch_id
    from days
)

select * from final
