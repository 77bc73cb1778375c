{{ config(materialized='view') }}

-- All trades of a type define what is usual: a cost more than three interquartile ranges above the third quartile is an
-- outlier, however costs are distributed.
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
        {{ quantile('fee_share', 0.25) }} as fee_q1,
        {{ quantile('fee_share', 0.75) }} as fee_q3,
        {{ quantile('commission_share', 0.25) }} as commission_q1,
        {{ quantile('commission_share', 0.75) }} as commission_q3
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
        judged.trade_id,
        judged.closed_on,
        judged.type,
        securities.symbol,
        judged.quantity,
        judged.trade_price,
        judged.day_low,
        judged.day_high,
        judged.fee,
        judged.commission,
        judged.traded_value,
        judged.fee_share > judged.usual_fee_share as is_fee_outlier,
        judged.commission_share > judged.usual_commission_share as is_commission_outlier,
        coalesce(judged.is_outside_day_range, false) as is_outside_day_range,
        judged.usual_fee_share,
        judged.usual_commission_share,
        judged.batch_id
    from judged
    inner join {{ ref('dim_security') }} as securities on judged.sk_security_id = securities.sk_security_id
    where
        judged.fee_share > judged.usual_fee_share
        or judged.commission_share > judged.usual_commission_share
        or judged.is_outside_day_range
)

select * from final
