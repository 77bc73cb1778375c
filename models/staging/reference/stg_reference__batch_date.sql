with source as (
    {{ read_landed(source('reference', 'batch_date')) }}
),

renamed as (
    select
        batch_date,
        batch_id
    from source
)

select * from renamed
