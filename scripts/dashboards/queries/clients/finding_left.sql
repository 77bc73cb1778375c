select
    count(*) || ' clients who left still have assets of ' || printf('%,d', sum(assets)::bigint)
    || ': accounts to be closed or won back.'
from marts.client_360
where status = 'Inactive' and assets > 0
having count(*) > 0
