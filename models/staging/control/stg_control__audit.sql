with source as (
    {{ read_landed(source('control', 'audit')) }}
),

renamed as (
    select
        data_set,
        attribute,
        date,
        value,
        d_value,

        landed_file,
        landed_batch_id,
        batch_id
    from source
)

select * from renamed
