with source as (
    {{ read_landed(source('newswire', 'financial')) }}
),

renamed as (
    select
        co_name_or_cik,
        pts as posted_at,
        posting_date,

        year as fi_year,
        quarter as fi_qtr,
        qtr_start_date as fi_qtr_start_date,
        revenue as fi_revenue,
        earnings as fi_net_earn,
        eps as fi_basic_eps,
        diluted_eps as fi_dilut_eps,
        margin as fi_margin,
        inventory as fi_inventory,
        assets as fi_assets,
        liability as fi_liability,
        sh_out as fi_out_basic,
        diluted_sh_out as fi_out_dilut,

        landed_file,
        batch_id
    from source
)

select * from renamed
