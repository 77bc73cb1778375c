with source as (
    {{ read_landed(source('brokerage', 'holding_history')) }}
),

renamed as (
    select
        hh_h_t_id as opening_trade_id,
        hh_t_id as trade_id,
        hh_before_qty as quantity_before,
        hh_after_qty as quantity_after,

        cdc_flag,
        cdc_dsn,
        batch_id
    from source
)

select * from renamed
