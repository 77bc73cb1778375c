-- One row per customer who is inactive and not erased, with the day since when.
select
    cast(versions.customer_id as varchar) as subject,
    min(versions.effective_date) as since
from core.dim_customer as versions
where
    versions.status = 'Inactive'
    and coalesce(versions.last_name, '') not like 'ERASED %'
    and not exists (
        select 1 from core.dim_customer as later
        where
            versions.customer_id = later.customer_id
            and later.effective_date > versions.effective_date
            and later.status <> 'Inactive'
    )
group by versions.customer_id
