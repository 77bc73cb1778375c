with source as (
    {{ read_landed(source('brokerage', 'daily_market')) }}
),

renamed as (
    select
        dm_s_symb as symbol,
        dm_date as market_date,
        -- These columns keep the width they have always had, so that existing warehouses keep working.
        cast(dm_close as decimal(15, 2)) as close_price,
        cast(dm_high as decimal(15, 2)) as day_high,
        cast(dm_low as decimal(15, 2)) as day_low,
        dm_vol as volume,

        cdc_flag,
        cdc_dsn,
        batch_id
    from source
)

select * from renamed
