with source as (
    {{ read_landed(source('brokerage', 'trade_history')) }}
),

renamed as (
    select
        th_t_id as trade_id,
        th_st_id as status_id,
        th_dts as changed_at,
        batch_id
    from source
)

select * from renamed
