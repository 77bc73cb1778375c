select
    closed_on as day,
    type,
    exchange_id as exchange,
    sum(completed) as completed,
    sum(canceled_same_day + canceled_later) as canceled,
    sum(canceled_later) as canceled_later,
    sum(completed + canceled_same_day + canceled_later) as closed,
    sum(seconds_to_fill) as seconds_to_fill,
    sum(outside_day_range) as outside_day_range,
    sum(shares) as shares,
    sum(traded_value) as traded_value,
    sum(fees) as fees,
    sum(commission) as commission
from marts.execution_days
group by all
order by all
