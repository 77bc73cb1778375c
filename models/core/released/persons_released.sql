{{ config(materialized='table') }}

-- One row per customer and per prospect, with what may be shown of the person. Of all versions of a customer the last
-- one speaks, so that a person's history does not tell more than one row of it; and a customer whose last version
-- matches a prospect is one person with it, so that joining the two does not tell more either. Whatever else is shown
-- of persons and may be known of one, tier, status and whether a prospect is a customer, parts them into populations.
with latest as (
    select max(batch_date) as today from {{ ref('stg_reference__batch_date') }}
),

customers as (
    select
        *,
        row_number() over (partition by customer_id order by effective_date desc) as recency,
        row_number() over (partition by agency_id, is_current order by customer_id) as choice
    from {{ ref('dim_customer') }}
),

prospects as (
    select * from {{ ref('prospect') }}
),

standings as (
    select
        *,
        status || ' ' || coalesce(cast(tier as string), '') as standing
    from customers
    where recency = 1
),

-- The customers that a prospect matches can differ in standing; each counts once.
distinct_standings as (
    select distinct
        standings.agency_id,
        standings.standing,
        prospects.is_customer
    from standings
    inner join prospects on standings.agency_id = prospects.agency_id
),

linked as (
    select
        agency_id,
        {{ joined_texts('standing', ', ', 'standing') }}
        || case when bool_or(is_customer) then ', a customer' else ', no customer' end as standing
    from distinct_standings
    group by agency_id
),

-- A prospect that several customers match takes its properties from the first of them.
persons as (
    select
        standings.customer_id,
        standings.agency_id,
        coalesce('P' || standings.agency_id, 'C' || standings.customer_id) as person_key,
        standings.agency_id is not null as is_both,
        case
            when standings.agency_id is null then 'customer ' || standings.standing
            else 'both ' || linked.standing
        end as population,
        {{ dbt.datediff('standings.dob', 'latest.today', 'day') }}
        / 365.2425 as age,
        standings.gender,
        standings.postal_code,
        standings.net_worth,
        standings.credit_rating,
        standings.agency_id is null or standings.choice = 1 as is_first
    from standings
    cross join latest
    left join linked on standings.agency_id = linked.agency_id
    union all
    select
        null as customer_id,
        prospects.agency_id,
        'P' || prospects.agency_id as person_key,
        linked.agency_id is not null as is_both,
        coalesce('both ' || linked.standing, 'prospect') as population,
        prospects.age,
        prospects.gender,
        prospects.postal_code,
        prospects.net_worth,
        prospects.credit_rating,
        linked.agency_id is null as is_first
    from prospects
    left join linked on prospects.agency_id = linked.agency_id
),

banded as (
    select
        person_key,
        population,
        pii_gender(gender) as gender,
        pii_age_band(age) as age_band,
        pii_zip3(postal_code) as zip3,
        pii_net_worth_band(net_worth) as net_worth_band,
        pii_credit_band(credit_rating) as credit_band
    from persons
    where is_first
),

-- Small areas are pooled: into the larger one, then into the rest.
sized as (
    select
        *,
        count(*) over (partition by population, zip3) as zip3_count,
        count(*) over (partition by population, left(zip3, 1)) as region_count
    from banded
),

pooled as (
    select
        person_key,
        population,
        gender,
        age_band,
        case
            when zip3 is null then null
            when zip3_count >= {{ var('smallest_area') }} then zip3
            when region_count >= {{ var('smallest_area') }} then left(zip3, 1) || '**'
            else '*'
        end as area,
        net_worth_band,
        credit_band
    from sized
),

released as (
    {{ k_anonymous('pooled', ['gender', 'age_band', 'area', 'net_worth_band', 'credit_band'], var('k_anonymity'))
        | indent(4) }}
),

final as (
    select
        persons.customer_id,
        persons.agency_id,
        persons.is_both,
        released.gender,
        released.age_band,
        released.area,
        released.net_worth_band,
        released.credit_band
    from persons
    inner join released on persons.person_key = released.person_key
)

select * from final
