with source as (
    {{ read_landed(source('reference', 'trade_type')) }}
),

renamed as (
    select
        tt_id as trade_type_id,
        tt_name as trade_type_name,
        tt_is_sell as is_sell,
        tt_is_mrkt as is_market_order,
        batch_id
    from source
)

select * from renamed
