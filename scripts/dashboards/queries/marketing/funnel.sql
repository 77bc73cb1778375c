select
    listed_on,
    nameplate,
    sum(prospects) as prospects,
    sum(case when is_customer then prospects else 0 end) as matched,
    sum(case when is_customer then 0 else prospects end) as open
from marts.prospect_funnel
group by all
order by all
