with trade_types as (
    select * from {{ ref('trade_type') }}
),

final as (
    select
        tt_id,
        tt_name,
        tt_is_sell,
        tt_is_mrkt,
        batch_id
    from trade_types
)

select * from final
