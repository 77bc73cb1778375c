with by_type as (
    select
        sum(canceled_same_day + canceled_later) filter (where type like 'Market%')
        / sum(completed + canceled_same_day + canceled_later) filter (where type like 'Market%') as market,
        sum(canceled_same_day + canceled_later) filter (where type not like 'Market%')
        / sum(completed + canceled_same_day + canceled_later) filter (where type not like 'Market%') as limited
    from marts.execution_days
)

select printf('%.1f %% of limit orders are canceled, of market orders %.1f %%.', 100 * limited, 100 * market)
from by_type
