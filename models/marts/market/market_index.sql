{{ config(materialized='view') }}

-- Chained: each day's index is the one before, times what the securities of both days gained. A day whose securities
-- were worth nothing before, or are now, leaves it as it is.
with days as (
    select
        day,
        case
            when capitalisation_before > 0 and capitalisation_after > 0
                then cast(capitalisation_after as double) / cast(capitalisation_before as double)
        end as growth,
        batch_id
    from {{ ref('market_days') }}
),

final as (
    select
        day,
        round(
            1000 * exp(
                sum(coalesce(ln(growth), 0)) over (
                    order by day
                    rows between unbounded preceding and current row
                )
            ),
            4
        ) as index_value,
        growth - 1 as day_return,
        batch_id
    from days
)

select * from final
