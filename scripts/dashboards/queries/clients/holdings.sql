select
    c.segment,
    coalesce(c.tier::varchar, 'None') as tier,
    c.status,
    p.industry,
    count(*) as positions,
    sum(p.market_value) as market_value,
    sum(p.cost) as cost,
    sum(p.unrealised_gain) as gain
from marts.positions as p inner join marts.client_360 as c on p.customer_id = c.customer_id
group by all
order by all
