{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'fact_account_months',
        'reason': 'Otherwise a month could belong to an account, customer or broker as they were in another one.',
    }
) }}
{{ never_stops_the_load() }}

-- An account's first version also covers the time before it.
with accounts as (
    select
        *,
        lag(end_date, 1, date '0001-01-01') over (partition by account_id order by effective_date) as first_day
    from {{ ref('dim_account') }}
)

select facts.*
from {{ ref('fact_account_months') }} as facts
left join accounts on facts.sk_account_id = accounts.sk_account_id
left join {{ ref('dim_customer') }} as customers on facts.sk_customer_id = customers.sk_customer_id
left join {{ ref('dim_broker') }} as brokers on facts.sk_broker_id = brokers.sk_broker_id
where
    accounts.sk_account_id is null
    or customers.sk_customer_id is null
    or brokers.sk_broker_id is null
    or facts.sk_customer_id <> accounts.sk_customer_id
    or facts.sk_broker_id <> accounts.sk_broker_id
    or facts.month_id < {{ month_id(date_id('accounts.first_day')) }}
    or facts.month_id > {{ month_id(date_id('accounts.end_date')) }}
