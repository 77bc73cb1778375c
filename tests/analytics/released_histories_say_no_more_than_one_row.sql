{{ config(
    severity='error',
    meta={
        'dimension': 'validity',
        'model': 'analytics_dim_customer',
        'reason': 'Otherwise the versions of a person together could single them out.',
    }
) }}
{{ never_stops_the_load() }}

-- Without it, the versions of a customer, or the customer and the prospect who are the same person, could show
-- different properties, and their combination would be rarer than each.
with shown as (
    select
        'customer' as about,
        cast(customer_id as varchar) as person,
        gender,
        age_band,
        area,
        net_worth_band,
        credit_band
    from {{ ref('analytics_dim_customer') }}
    union all
    select
        'both' as about,
        customers.agency_id as person,
        customers.gender,
        customers.age_band,
        customers.area,
        customers.net_worth_band,
        customers.credit_band
    from {{ ref('analytics_dim_customer') }} as customers
    union all
    select
        'both' as about,
        agency_id as person,
        gender,
        age_band,
        area,
        net_worth_band,
        credit_band
    from {{ ref('analytics_prospect') }}
),

different as (
    select distinct *
    from shown
    where person is not null
)

select
    about,
    person
from different
group by about, person
having count(*) > 1
