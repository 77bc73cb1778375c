with industries as (
    select * from {{ ref('industry') }}
),

final as (
    select
        in_id,
        in_name,
        in_sc_id,
        batch_id
    from industries
)

select * from final
