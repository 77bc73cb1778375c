with source as (
    {{ read_landed(source('newswire', 'company')) }}
),

renamed as (
    select
        cik as company_id,
        pts as posted_at,

        company_name as name,
        status as status_id,
        industry_id,
        sp_rating,
        founding_date,
        addr_line1 as address_line1,
        addr_line2 as address_line2,
        postal_code,
        city,
        state_province as state_prov,
        country,
        ceo_name as ceo,
        description,

        landed_file,
        line_number,
        batch_id
    from source
)

select * from renamed
