with executions as (
    select * from {{ ref('executions') }}
),

final as (
    select
        closed_on,
        type,
        exchange_id,
        industry,
        cast(sum(case when status = 'Completed' then 1 else 0 end) as integer) as completed,
        cast(sum(case when status = 'Canceled' and closed_on = created_on then 1 else 0 end) as integer) as canceled_same_day,
        cast(sum(case when status = 'Canceled' and closed_on > created_on then 1 else 0 end) as integer) as canceled_later,
        cast(sum(case when status = 'Completed' then quantity else 0 end) as bigint) as shares,
        cast(sum(traded_value) as decimal(18, 2)) as traded_value,
        cast(sum(case when status = 'Completed' then fee else 0 end) as decimal(18, 2)) as fees,
        cast(sum(case when status = 'Completed' then commission else 0 end) as decimal(18, 2)) as commission,
        cast(sum(case when status = 'Completed' then seconds_open else 0 end) as bigint) as seconds_to_fill,
        cast(sum(case when is_outside_day_range then 1 else 0 end) as integer) as outside_day_range,
        max(batch_id) as batch_id
    from executions
    group by closed_on, type, exchange_id, industry
)

select * from final
