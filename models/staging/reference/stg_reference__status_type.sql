with source as (
    {{ read_landed(source('reference', 'status_type')) }}
),

renamed as (
    select
        st_id as status_id,
        st_name as status_name,
        batch_id
    from source
)

select * from renamed
