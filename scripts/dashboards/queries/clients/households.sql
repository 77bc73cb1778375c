select
    case when members > 4 then '5 and more' else members::varchar end as members,
    count(*) as households,
    sum(assets) as assets
from marts.households
group by all
order by all
