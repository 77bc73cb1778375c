with source as (
    {{ read_landed(source('reference', 'tax_rate')) }}
),

renamed as (
    select
        tx_id as tax_id,
        tx_name as tax_name,
        tx_rate as tax_rate,
        batch_id
    from source
)

select * from renamed
