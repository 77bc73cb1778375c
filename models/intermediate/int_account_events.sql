{{ config(materialized='incremental', incremental_strategy='append') }}

-- One row per event of an account; null and empty mean what they mean in int_customer_events.
with actions as (
    select *
    from {{ ref('stg_crm__customer_mgmt') }}
    where
        action_type in ('NEW', 'ADDACCT', 'UPDACCT', 'CLOSEACCT')
        and {{ is_new_batch() }}
),

images as (
    select *
    from {{ ref('stg_brokerage__account') }}
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
        account_id,
        cast(action_at as date) as event_date,
        action_at as event_at,
        {{ document_order('landed_file', 'byte_offset') }} as event_sequence,
        action_type in ('NEW', 'ADDACCT') as is_full_image,
        case
            when action_type in ('NEW', 'ADDACCT') then 'Active'
            when action_type = 'CLOSEACCT' then 'Inactive'
        end as status,
        customer_id,
        broker_id,
        account_desc,
        tax_status,
        batch_id
    from actions
),

image_events as (
    select
        images.account_id,
        batch_dates.batch_date as event_date,
        cast(batch_dates.batch_date as timestamp) as event_at,
        images.cdc_dsn as event_sequence,
        true as is_full_image,
        status_types.status_name as status,
        images.customer_id,
        cast(images.broker_id as string) as broker_id,
        coalesce(images.account_desc, '') as account_desc,
        coalesce(cast(images.tax_status as string), '') as tax_status,
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
