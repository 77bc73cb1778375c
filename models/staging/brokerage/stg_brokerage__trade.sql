with source as (
    {{ read_landed(source('brokerage', 'trade')) }}
),

renamed as (
    select
        t_id as trade_id,
        t_ca_id as account_id,
        t_s_symb as symbol,
        t_st_id as status_id,
        t_tt_id as trade_type_id,

        t_is_cash as is_cash,
        t_exec_name as executed_by,
        t_qty as quantity,
        t_bid_price as bid_price,
        t_trade_price as trade_price,
        t_chrg as fee,
        t_comm as commission,
        t_tax as tax,

        t_dts as changed_at,
        cdc_flag,
        cdc_dsn,
        batch_id
    from source
)

select * from renamed
