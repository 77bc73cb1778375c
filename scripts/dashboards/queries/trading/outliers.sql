select
    closed_on as day,
    type,
    symbol,
    trade_id as trade,
    concat_ws(
        ', ', case when is_fee_outlier then 'fee' end, case when is_commission_outlier then 'commission' end,
        case when is_outside_day_range then 'price outside the day''s range' end
    ) as why,
    fee,
    commission,
    traded_value
from marts.trade_outliers
order by (fee + commission) / traded_value desc, trade_id limit 300
