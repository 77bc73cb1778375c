{{ config(materialized='incremental', incremental_strategy='append') }}

with landed as (
    select * from {{ ref('stg_reference__industry') }}
    {% if is_incremental() %}
    where batch_id > {{ loaded_through() }}
    {% endif %}
),

final as (
    select
        industry_id as in_id,
        industry_name as in_name,
        sector_id as in_sc_id,
        batch_id
    from landed
)

select * from final
