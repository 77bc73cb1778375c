select
    date_trunc('month', day)::date as month,
    industry,
    direction,
    count(*) as breakouts
from marts.breakouts
group by all
order by all
