{{ config(materialized='incremental', incremental_strategy='append') }}

with landed as (
    select * from {{ ref('stg_reference__status_type') }}
    {% if is_incremental() %}
    where batch_id > {{ loaded_through() }}
    {% endif %}
),

final as (
    select
        status_id as st_id,
        status_name as st_name,
        batch_id
    from landed
)

select * from final
