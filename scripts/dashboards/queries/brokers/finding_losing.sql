with last_year as (
    select
        broker_id,
        sum(net_flow) as net_flow
    from marts.broker_months
    where month > (select max(latest.month) - interval '12' month from marts.broker_months as latest)
    group by broker_id
)

select
    count(*) filter (where net_flow < 0) || ' of ' || count(*)
    || ' brokers lost more money of clients than they won in the last twelve months.'
from last_year
