{{ config(materialized='incremental', incremental_strategy='append') }}

with times as (
    select * from {{ ref('stg_reference__time') }}
    where {{ is_new_batch() }}
),

final as (
    select
        cast(sk_time_id as bigint) as sk_time_id,
        time_value,
        hour_id,
        hour_desc,
        minute_id,
        minute_desc,
        second_id,
        second_desc,
        market_hours_flag,
        office_hours_flag,
        batch_id
    from times
)

select * from final
