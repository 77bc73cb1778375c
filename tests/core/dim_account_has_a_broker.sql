{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'dim_account',
        'reason': "Otherwise an account and its trades could belong to no broker's book.",
    }
) }}
{{ never_stops_the_load() }}

select accounts.sk_account_id
from {{ ref('dim_account') }} as accounts
left join {{ ref('dim_broker') }} as brokers on accounts.sk_broker_id = brokers.sk_broker_id
where brokers.sk_broker_id is null
