with source as (
    {{ read_landed(source('brokerage', 'daily_market')) }}
),

renamed as (
    select
        dm_s_symb as symbol,
        dm_date as market_date,
        -- As wide as these columns have always been, so that a warehouse made before goes on.
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
