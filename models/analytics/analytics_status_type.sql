with status_types as (
    select * from {{ ref('status_type') }}
),

final as (
    select
        st_id,
        st_name,
        batch_id
    from status_types
)

select * from final
