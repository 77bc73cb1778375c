with source as (
    {{ read_landed(source('brokerage', 'watch_history')) }}
),

renamed as (
    select
        w_c_id as customer_id,
        w_s_symb as symbol,
        w_dts as changed_at,
        w_action as action,

        cdc_flag,
        cdc_dsn,
        batch_id
    from source
)

select * from renamed
