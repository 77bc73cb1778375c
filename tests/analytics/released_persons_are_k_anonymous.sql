{{ config(
    severity='error',
    meta={
        'dimension': 'validity',
        'model': 'analytics_dim_customer',
        'reason': 'Otherwise a customer or a prospect could be singled out.',
    }
) }}
{{ never_stops_the_load() }}

-- Without it, released values could single a person out. Customers and prospects are joined as an analyst would;
-- every column that may be known of a person counts, either as one to be shared or as one that parts the persons before
-- they are counted. Of a customer's versions the last one counts; another test checks that all show the same.
with ranked as (
    select
        *,
        row_number() over (partition by customer_id order by effective_date desc) as recency
    from {{ ref('analytics_dim_customer') }}
),

customers as (
    select
        cast(customer_id as varchar) as customer_id,
        agency_id,
        status || ' ' || coalesce(cast(tier as varchar), '') as standing,
        gender,
        age_band,
        area,
        net_worth_band,
        credit_band
    from ranked
    where recency = 1
),

shown as (
    select
        coalesce(prospects.agency_id, customers.customer_id) as person,
        prospects.agency_id is not null as is_prospect,
        prospects.is_customer,
        customers.standing,
        coalesce(customers.gender, prospects.gender) as gender,
        coalesce(customers.age_band, prospects.age_band) as age_band,
        coalesce(customers.area, prospects.area) as area,
        coalesce(customers.net_worth_band, prospects.net_worth_band) as net_worth_band,
        coalesce(customers.credit_band, prospects.credit_band) as credit_band
    from customers
    full outer join {{ ref('analytics_prospect') }} as prospects on customers.agency_id = prospects.agency_id
),

-- Several customers can match one prospect, and are then one person.
persons as (
    select
        person,
        is_prospect,
        is_customer,
        string_agg(distinct standing, ', ' order by standing) as standings,
        gender,
        age_band,
        area,
        net_worth_band,
        credit_band
    from shown
    group by person, is_prospect, is_customer, gender, age_band, area, net_worth_band, credit_band
),

too_few as (
    {{ too_few_persons(
        'persons', 'person', ['gender', 'age_band', 'area', 'net_worth_band', 'credit_band'],
        '(is_prospect, is_customer, standings)'
    ) | indent(4) }}
)

select * from too_few
