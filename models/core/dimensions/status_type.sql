{{ config(materialized='incremental', incremental_strategy='append') }}

with landed as (
    select * from {{ ref('stg_reference__status_type') }}
    where {{ is_new_batch() }}
),

final as (
    select
        status_id as st_id,
        status_name as st_name,
        batch_id
    from landed
)

select * from final
