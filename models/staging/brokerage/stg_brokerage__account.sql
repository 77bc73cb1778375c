with source as (
    {{ read_landed(source('brokerage', 'account')) }}
),

renamed as (
    select
        ca_id as account_id,
        ca_b_id as broker_id,
        ca_c_id as customer_id,

        ca_name as account_desc,
        ca_tax_st as tax_status,
        ca_st_id as status_id,

        cdc_flag,
        cdc_dsn,
        batch_id
    from source
)

select * from renamed
