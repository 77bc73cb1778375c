select
    date_trunc('month', closed_on)::date as month,
    type,
    sum(completed) as completed,
    sum(traded_value) as traded_value,
    sum(fees + commission) as revenue
from marts.execution_days
group by all
order by all
