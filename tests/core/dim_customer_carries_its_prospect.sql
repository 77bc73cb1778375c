{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_customer',
        'reason': "Otherwise a customer's demographics could be those of an earlier list or of another person.",
    }
) }}
{{ never_stops_the_load() }}

with customers as (
    select
        *,
        {{ person_match_key('last_name', 'first_name', 'address_line1', 'address_line2', 'postal_code') }} as match_key
    from {{ ref('dim_customer') }}
    where is_current
),

prospects as (
    select
        *,
        {{ person_match_key('last_name', 'first_name', 'address_line1', 'address_line2', 'postal_code') }} as match_key
    from {{ ref('prospect') }}
),

first_matches as (
    select
        match_key,
        min(agency_id) as agency_id
    from prospects
    group by match_key
),

matched as (
    select
        customers.*,
        first_matches.agency_id as expected_agency_id
    from customers
    left join first_matches on customers.match_key = first_matches.match_key
)

select matched.sk_customer_id
from matched
left join prospects on matched.expected_agency_id = prospects.agency_id
where
    matched.agency_id is distinct from prospects.agency_id
    or matched.credit_rating is distinct from prospects.credit_rating
    or matched.net_worth is distinct from prospects.net_worth
    or matched.marketing_nameplate is distinct from prospects.marketing_nameplate
    or (matched.status = 'Active' and prospects.agency_id is not null and not prospects.is_customer)
