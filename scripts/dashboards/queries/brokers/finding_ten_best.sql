with last_year as (
    select
        broker_id,
        sum(revenue) as revenue,
        row_number() over (order by sum(revenue) desc) as place
    from marts.broker_months
    where month > (select max(latest.month) - interval '12' month from marts.broker_months as latest)
    group by broker_id
)

select
    'The ten brokers with most revenue earned '
    || round(100 * sum(revenue) filter (where place <= 10) / sum(revenue))::integer
    || ' % of it in the last twelve months.'
from last_year
having count(*) > 20
