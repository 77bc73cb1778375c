select
    printf('%,d', count(*)) || ' trades cost far more than is usual for their type: '
    || printf('%,d', sum(fee + commission)::bigint) || ' in fees and commission.'
from marts.trade_outliers
where is_fee_outlier or is_commission_outlier
having count(*) > 0
