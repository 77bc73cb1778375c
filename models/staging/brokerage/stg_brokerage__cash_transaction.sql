with source as (
    {{ read_landed(source('brokerage', 'cash_transaction')) }}
),

renamed as (
    select
        ct_ca_id as account_id,
        ct_dts as transacted_at,
        ct_amt as amount,
        ct_name as description,

        cdc_flag,
        cdc_dsn,
        batch_id
    from source
)

select * from renamed
