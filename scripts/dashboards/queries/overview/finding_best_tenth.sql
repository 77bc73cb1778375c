with ranked as (
    select
        assets,
        revenue_year,
        ntile(10) over (order by revenue_year desc, customer_id asc) as tenth
    from marts.client_360
    where status = 'Active'
)

select
    'The tenth of active clients who pay most bring '
    || round(100 * sum(revenue_year) filter (where tenth = 1) / sum(revenue_year))::integer
    || ' % of the last year''s revenue.'
from ranked
