{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'dim_security',
        'reason': 'Otherwise a security could lead to its company as it was at another time.',
    }
) }}
{{ never_stops_the_load() }}

select children.sk_security_id
from {{ ref('dim_security') }} as children
left join {{ ref('dim_company') }} as parents on children.sk_company_id = parents.sk_company_id
where
    parents.sk_company_id is null
    or children.effective_date < parents.effective_date
    or children.end_date > parents.end_date
