-- What a trade of some type usually costs is judged by all of them: three times the interquartile range above the
-- third quartile is far out, however the shares are distributed.
with completed as (
    select
        *,
        cast(fee as double) / cast(traded_value as double) as fee_share,
        cast(commission as double) / cast(traded_value as double) as commission_share
    from {{ ref('executions') }}
    where status = 'Completed' and traded_value > 0
),

quartiles as (
    select
        type,
        quantile_cont(fee_share, 0.25) as fee_q1,
        quantile_cont(fee_share, 0.75) as fee_q3,
        quantile_cont(commission_share, 0.25) as commission_q1,
        quantile_cont(commission_share, 0.75) as commission_q3
    from completed
    group by type
),

judged as (
    select
        completed.*,
        quartiles.fee_q3 + 3 * (quartiles.fee_q3 - quartiles.fee_q1) as usual_fee_share,
        quartiles.commission_q3 + 3 * (quartiles.commission_q3 - quartiles.commission_q1) as usual_commission_share
    from completed
    inner join quartiles on completed.type = quartiles.type
),

final as (
    select
        trade_id,
        closed_on,
        type,
        symbol,
        quantity,
        trade_price,
        day_low,
        day_high,
        fee,
        commission,
        traded_value,
        fee_share > usual_fee_share as is_fee_outlier,
        commission_share > usual_commission_share as is_commission_outlier,
        coalesce(is_outside_day_range, false) as is_outside_day_range,
        usual_fee_share,
        usual_commission_share,
        batch_id
    from judged
    where fee_share > usual_fee_share or commission_share > usual_commission_share or is_outside_day_range
)

select * from final
