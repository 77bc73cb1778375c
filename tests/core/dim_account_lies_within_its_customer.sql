{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'dim_account',
        'reason': "Otherwise a trade's account could lead to a customer as they were at another time.",
    }
) }}
{{ never_stops_the_load() }}

select children.sk_account_id
from {{ ref('dim_account') }} as children
left join {{ ref('dim_customer') }} as parents on children.sk_customer_id = parents.sk_customer_id
where
    parents.sk_customer_id is null
    or children.effective_date < parents.effective_date
    or children.end_date > parents.end_date
