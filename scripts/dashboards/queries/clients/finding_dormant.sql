select
    count(*) || ' active clients hold assets and have not traded in 180 days; together they hold '
    || printf('%,d', sum(assets)::bigint) || '.'
from marts.client_360
where segment = 'Dormant' and assets > 0
having count(*) > 0
