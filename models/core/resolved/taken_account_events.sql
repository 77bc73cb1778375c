{{ config(materialized='view') }}

-- One row per event of an account, with its broker's key, without those whose landed row is rejected.
with events as (
    select * from {{ ref('int_account_events') }}
),

brokers as (
    select * from {{ ref('dim_broker') }}
),

rejects as (
    select
        batch_id,
        account_id,
        event_sequence
    from {{ ref('resolved_customer_actions') }}
    where reject_reason_code is not null
    union all
    select
        batch_id,
        account_id,
        cdc_dsn as event_sequence
    from {{ ref('resolved_accounts') }}
    where reject_reason_code is not null
),

taken as (
    select
        events.*,
        brokers.sk_broker_id
    from events
    anti join rejects
        on
            events.batch_id = rejects.batch_id
            and events.account_id = rejects.account_id
            and events.event_sequence = rejects.event_sequence
    left join brokers on events.broker_id = cast(brokers.broker_id as {{ dbt.type_string() }})
)

select * from taken
