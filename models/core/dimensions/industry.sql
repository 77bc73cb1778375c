{{ config(materialized='incremental', incremental_strategy='append') }}

with landed as (
    select * from {{ ref('stg_reference__industry') }}
    where {{ is_new_batch() }}
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
