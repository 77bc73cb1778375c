{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_account',
        'reason': 'Otherwise an account could go on trading for a customer who has left, though no source said so.',
    }
) }}
{{ never_stops_the_load() }}

select accounts.sk_account_id
from {{ ref('dim_account') }} as accounts
inner join {{ ref('dim_customer') }} as customers on accounts.sk_customer_id = customers.sk_customer_id
left join {{ ref('stg_brokerage__account') }} as images
    on
        accounts.account_id = images.account_id
        and accounts.batch_id = images.batch_id
        and images.status_id = 'ACTV'
where
    customers.status = 'Inactive'
    and accounts.status <> 'Inactive'
    and images.account_id is null
