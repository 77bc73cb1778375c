{{ config(materialized='incremental', incremental_strategy='append') }}

-- One row per event of a customer. A property is null where the event does not mention it and an empty string where
-- the event empties it, so that the last value that is not null is the one in force.
with actions as (
    select *
    from {{ ref('stg_crm__customer_mgmt') }}
    where
        action_type in ('NEW', 'UPDCUST', 'INACT')
        and {{ is_new_batch() }}
),

images as (
    select *
    from {{ ref('stg_brokerage__customer') }}
    where {{ is_new_batch() }}
),

batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

action_events as (
    select
        customer_id,
        cast(action_at as date) as event_date,
        action_at as event_at,
        {{ document_order('landed_file', 'byte_offset') }} as event_sequence,
        action_type = 'NEW' as is_full_image,
        case action_type when 'NEW' then 'Active' when 'INACT' then 'Inactive' end as status,
        tax_id,
        last_name,
        first_name,
        middle_initial,
        gender,
        tier,
        dob,
        address_line1,
        address_line2,
        postal_code,
        city,
        state_prov,
        country,
        {% for n in [1, 2, 3] -%}
        case
            when phone{{ n }}_is_present
                then coalesce({{ phone_number(
                    'phone' ~ n ~ '_country_code', 'phone' ~ n ~ '_area_code',
                    'phone' ~ n ~ '_local_number', 'phone' ~ n ~ '_extension'
                ) }}, '')
        end as phone{{ n }},
        {% endfor -%}
        email1,
        email2,
        local_tax_id,
        national_tax_id,
        batch_id
    from actions
),

image_events as (
    select
        images.customer_id,
        batch_dates.batch_date as event_date,
        cast(batch_dates.batch_date as timestamp) as event_at,
        images.cdc_dsn as event_sequence,
        true as is_full_image,
        status_types.status_name as status,
        {% for column in [
            'tax_id', 'last_name', 'first_name', 'middle_initial', 'gender', 'tier', 'dob', 'address_line1',
            'address_line2', 'postal_code', 'city', 'state_prov', 'country'
        ] -%}
        coalesce(cast(images.{{ column }} as string), '') as {{ column }},
        {% endfor -%}
        {% for n in [1, 2, 3] -%}
        coalesce({{ phone_number(
            'images.phone' ~ n ~ '_country_code', 'images.phone' ~ n ~ '_area_code',
            'images.phone' ~ n ~ '_local_number', 'images.phone' ~ n ~ '_extension'
        ) }}, '') as phone{{ n }},
        {% endfor -%}
        coalesce(images.email1, '') as email1,
        coalesce(images.email2, '') as email2,
        coalesce(images.local_tax_id, '') as local_tax_id,
        coalesce(images.national_tax_id, '') as national_tax_id,
        images.batch_id
    from images
    inner join batch_dates on images.batch_id = batch_dates.batch_id
    left join status_types on images.status_id = status_types.status_id
),

events as (
    select * from action_events
    union all
    select * from image_events
)

select * from events
