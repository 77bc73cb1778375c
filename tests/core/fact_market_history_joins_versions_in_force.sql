{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'fact_market_history',
        'reason': 'Otherwise a price could belong to a security or company as it was on another day.',
    }
) }}
{{ never_stops_the_load() }}

select facts.*
from {{ ref('fact_market_history') }} as facts
left join {{ ref('dim_date') }} as days on facts.sk_date_id = days.sk_date_id
left join {{ ref('dim_security') }} as securities on facts.sk_security_id = securities.sk_security_id
left join {{ ref('dim_company') }} as companies on facts.sk_company_id = companies.sk_company_id
where
    days.sk_date_id is null
    or securities.sk_security_id is null
    or days.date_value < securities.effective_date
    or days.date_value >= securities.end_date
    or companies.sk_company_id is null
    or days.date_value < companies.effective_date
    or days.date_value >= companies.end_date
