select
    'Client ' || right(cast(customer_id as varchar), 6) as client,
    segment,
    coalesce(cast(tier as varchar), 'None') as tier,
    status,
    coalesce(cast(last_trade_on as varchar), 'never') as last_trade,
    assets,
    unrealised_gain,
    revenue_year,
    trades_90_days
from marts.client_360
order by assets desc, customer_id asc limit 200
