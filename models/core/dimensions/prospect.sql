{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='agency_id') }}

with versions as (
    select
        *,
        row_number() over (partition by agency_id order by batch_id desc) as recency
    from {{ ref('int_prospect_versions') }}
),

batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
),

customers as (
    select distinct {{ person_match_key(
        'last_name', 'first_name', 'address_line1', 'address_line2', 'postal_code'
    ) }} as match_key
    from {{ ref('dim_customer') }}
    where
        is_current
        and status = 'Active'
),

listings as (
    select
        lists.agency_id,
        max(batch_dates.batch_date) as last_listed_on
    from {{ ref('stg_marketing__prospect') }} as lists
    inner join batch_dates on lists.batch_id = batch_dates.batch_id
    {% if is_incremental() %}
    where {{ date_id('batch_dates.batch_date') }} > (select coalesce(max(sk_record_date_id), 0) from {{ this }})
    {% endif %}
    group by lists.agency_id
),

{% if is_incremental() -%}
recorded as (
    select
        agency_id,
        sk_record_date_id,
        is_customer
    from {{ this }}
),

{% endif -%}
present as (
    select
        versions.agency_id,
        {% if is_incremental() -%}
        coalesce({{ date_id('listings.last_listed_on') }}, recorded.sk_record_date_id) as sk_record_date_id,
        {% else -%}
        {{ date_id('listings.last_listed_on') }} as sk_record_date_id,
        {% endif -%}
        {{ date_id('batch_dates.batch_date') }} as sk_update_date_id,
        customers.match_key is not null as is_customer,
        versions.last_name,
        versions.first_name,
        versions.middle_initial,
        versions.gender,
        versions.address_line1,
        versions.address_line2,
        versions.postal_code,
        versions.city,
        versions.state,
        versions.country,
        versions.phone,
        versions.income,
        versions.number_cars,
        versions.number_children,
        versions.marital_status,
        versions.age,
        versions.credit_rating,
        versions.own_or_rent_flag,
        versions.employer,
        versions.number_credit_cards,
        versions.net_worth,
        versions.marketing_nameplate,
        versions.batch_id
    from versions
    inner join batch_dates on versions.batch_id = batch_dates.batch_id
    left join customers on versions.match_key = customers.match_key
    left join listings on versions.agency_id = listings.agency_id
    {% if is_incremental() %}
    left join recorded on versions.agency_id = recorded.agency_id
    {% endif %}
    where
        versions.recency = 1
        and (
            listings.agency_id is not null
            or {{ 'recorded.is_customer <> (customers.match_key is not null)' if is_incremental() else 'true' }}
        )
)

select * from present
