{{ config(materialized='table') }}

-- depends_on: {{ ref('load_counts') }}
with files as (
    select * from {{ landing_log() }}
),

final as (
    select
        source_name,
        feed,
        batch_id,
        file_name,
        byte_count,
        modified_at,
        line_count,
        loaded_at
    from files
)

select * from final
