{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'financial',
        'reason': "Otherwise a quarter's accounts could belong to no company.",
    }
) }}
{{ never_stops_the_load() }}

select facts.*
from {{ ref('financial') }} as facts
left join {{ ref('dim_company') }} as companies on facts.sk_company_id = companies.sk_company_id
where companies.sk_company_id is null
