with ranked as (
    select
        *,
        ntile(10) over (order by assets desc, customer_id asc) as tenth
    from marts.client_360
    where status = 'Active'
)

select
    ranked.tenth || case ranked.tenth when 1 then ' (largest)' else '' end as tenth,
    sum(assets) as assets,
    sum(revenue_year) as revenue_year,
    count(*) as clients
from ranked
group by ranked.tenth
order by ranked.tenth
