select
    i.day,
    date_trunc('month', i.day)::date as month,
    i.index_value,
    d.advances,
    d.declines,
    d.advances + d.declines as moves,
    d.new_highs,
    d.new_lows,
    d.securities,
    d.with_earnings,
    d.turnover
from marts.market_index as i inner join marts.market_days as d on i.day = d.day
order by i.day
