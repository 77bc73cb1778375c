{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'fact_cash_balances',
        'reason': 'Otherwise cash could belong to an account or customer as they were on another day.',
    }
) }}
{{ never_stops_the_load() }}

select facts.*
from {{ ref('fact_cash_balances') }} as facts
left join {{ ref('dim_date') }} as days on facts.sk_date_id = days.sk_date_id
left join {{ ref('dim_account') }} as accounts on facts.sk_account_id = accounts.sk_account_id
left join {{ ref('dim_customer') }} as customers on facts.sk_customer_id = customers.sk_customer_id
where
    days.sk_date_id is null
    or accounts.sk_account_id is null
    or days.date_value < accounts.effective_date
    or days.date_value >= accounts.end_date
    or customers.sk_customer_id is null
    or days.date_value < customers.effective_date
    or days.date_value >= customers.end_date
