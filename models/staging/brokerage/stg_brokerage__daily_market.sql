with source as (
    {{ read_landed(source('brokerage', 'daily_market')) }}
),

renamed as (
    select
        dm_s_symb as symbol,
        dm_date as market_date,
        dm_close as close_price,
        dm_high as day_high,
        dm_low as day_low,
        dm_vol as volume,

        cdc_flag,
        cdc_dsn,
        batch_id
    from source
)

select * from renamed
