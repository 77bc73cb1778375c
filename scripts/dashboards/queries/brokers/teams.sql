select
    'Broker ' || right(cast(manager_id as varchar), 6) as manager,
    brokers,
    clients,
    assets,
    revenue,
    net_flow
from marts.team_months
where month = (select max(latest.month) from marts.team_months as latest)
order by assets desc, manager_id asc limit 100
