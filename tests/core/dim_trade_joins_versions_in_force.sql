{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'dim_trade',
        'reason': 'Otherwise a trade could count for an account, customer or security as they were on another day.',
    }
) }}
{{ never_stops_the_load() }}

select facts.*
from {{ ref('dim_trade') }} as facts
left join {{ ref('dim_date') }} as days on facts.sk_create_date_id = days.sk_date_id
left join {{ ref('dim_account') }} as accounts on facts.sk_account_id = accounts.sk_account_id
left join {{ ref('dim_customer') }} as customers on facts.sk_customer_id = customers.sk_customer_id
left join {{ ref('dim_broker') }} as brokers on facts.sk_broker_id = brokers.sk_broker_id
left join {{ ref('dim_security') }} as securities on facts.sk_security_id = securities.sk_security_id
left join {{ ref('dim_company') }} as companies on facts.sk_company_id = companies.sk_company_id
where
    days.sk_date_id is null
    or accounts.sk_account_id is null
    or days.date_value < accounts.effective_date
    or days.date_value >= accounts.end_date
    or customers.sk_customer_id is null
    or days.date_value < customers.effective_date
    or days.date_value >= customers.end_date
    or brokers.sk_broker_id is null
    or days.date_value < brokers.effective_date
    or days.date_value >= brokers.end_date
    or securities.sk_security_id is null
    or days.date_value < securities.effective_date
    or days.date_value >= securities.end_date
    or companies.sk_company_id is null
    or days.date_value < companies.effective_date
    or days.date_value >= companies.end_date
