with source as (
    {{ read_landed(source('reference', 'industry')) }}
),

renamed as (
    select
        in_id as industry_id,
        in_name as industry_name,
        in_sc_id as sector_id,
        batch_id
    from source
)

select * from renamed
