select
    month,
    industry,
    sum(watches) as watches,
    sum(removed) as removed,
    sum(bought_in_30_days) as bought
from marts.watch_conversion
group by all
order by all
