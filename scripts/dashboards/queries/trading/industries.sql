select
    date_trunc('month', closed_on)::date as month,
    type,
    exchange_id as exchange,
    industry,
    sum(completed) as completed,
    sum(canceled_same_day + canceled_later) as canceled,
    sum(completed + canceled_same_day + canceled_later) as closed,
    sum(traded_value) as traded_value,
    sum(commission) as commission
from marts.execution_days
group by all
order by all
