{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_account',
        'reason': 'Otherwise an account could go on trading for a customer who has left.',
    }
) }}
{{ never_stops_the_load() }}

select accounts.sk_account_id
from {{ ref('dim_account') }} as accounts
inner join {{ ref('dim_customer') }} as customers on accounts.sk_customer_id = customers.sk_customer_id
where
    customers.status = 'Inactive'
    and accounts.status <> 'Inactive'
