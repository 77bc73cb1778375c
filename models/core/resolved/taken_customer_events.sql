{{ config(materialized='view') }}

-- One row per event of a customer, without those whose landed row is rejected.
with events as (
    select * from {{ ref('int_customer_events') }}
),

rejects as (
    select
        batch_id,
        customer_id,
        event_sequence
    from {{ ref('resolved_customer_actions') }}
    where reject_reason_code is not null
    union all
    select
        batch_id,
        customer_id,
        cdc_dsn as event_sequence
    from {{ ref('resolved_customers') }}
    where reject_reason_code is not null
),

taken as (
    select events.*
    from events
    anti join rejects
        on
            events.batch_id = rejects.batch_id
            and events.customer_id = rejects.customer_id
            and events.event_sequence = rejects.event_sequence
)

select * from taken
