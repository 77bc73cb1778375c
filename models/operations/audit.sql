{{ config(materialized='table') }}

with control_totals as (
    select * from {{ ref('stg_control__audit') }}
),

final as (
    select
        data_set,
        batch_id,
        date,
        attribute,
        value,
        d_value
    from control_totals
)

select * from final
