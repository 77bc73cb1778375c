{{ config(
    severity='error',
    meta={
        'dimension': 'validity',
        'model': 'analytics_prospect',
        'reason': 'Otherwise a prospect could be singled out.',
    }
) }}
{{ never_stops_the_load() }}

-- Without it, what is shown of a prospect could single them out, among those who are customers too or among the rest.
with customers as (
    select distinct agency_id
    from {{ ref('analytics_dim_customer') }}
),

prospects as (
    select
        prospects.*,
        customers.agency_id is not null as is_both
    from {{ ref('analytics_prospect') }} as prospects
    left join customers on prospects.agency_id = customers.agency_id
),

too_few as (
    {{ too_few_persons(
        'prospects', 'agency_id', ['gender', 'age_band', 'area', 'net_worth_band', 'credit_band'], 'is_both'
    ) | indent(4) }}
)

select * from too_few
