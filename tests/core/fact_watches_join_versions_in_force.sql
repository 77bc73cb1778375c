{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'fact_watches',
        'reason': 'Otherwise a watch could belong to a customer or security as they were on another day.',
    }
) }}
{{ never_stops_the_load() }}

select facts.*
from {{ ref('fact_watches') }} as facts
left join {{ ref('dim_date') }} as days on facts.sk_date_id_date_placed = days.sk_date_id
left join {{ ref('dim_customer') }} as customers on facts.sk_customer_id = customers.sk_customer_id
left join {{ ref('dim_security') }} as securities on facts.sk_security_id = securities.sk_security_id
where
    days.sk_date_id is null
    or customers.sk_customer_id is null
    or days.date_value < customers.effective_date
    or days.date_value >= customers.end_date
    or securities.sk_security_id is null
    or days.date_value < securities.effective_date
    or days.date_value >= securities.end_date
