with source as (
    {{ read_landed(source('reference', 'time')) }}
),

renamed as (
    select
        sk_time_id,
        time_value,
        hour_id,
        hour_desc,
        minute_id,
        minute_desc,
        second_id,
        second_desc,
        market_hours_flag,
        office_hours_flag,
        batch_id
    from source
)

select * from renamed
