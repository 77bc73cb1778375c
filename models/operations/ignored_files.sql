{{ config(materialized='table') }}

with ignored as (
    select * from landing_ignored
),

final as (
    select
        file_name,
        reason
    from ignored
)

select * from final
