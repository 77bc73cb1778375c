select
    month,
    branch,
    sum(assets) as assets,
    sum(cash) as cash,
    sum(holdings_value) as holdings_value,
    sum(net_flow) as net_flow,
    sum(market_gain) as market_gain,
    sum(revenue) as revenue,
    sum(commission) as commission,
    sum(fees) as fees,
    sum(traded_value) as traded_value,
    sum(assets) as asset_months,
    sum(top_five_assets) as top_five_assets,
    sum(clients) as clients,
    sum(clients) as client_months,
    sum(clients_before) as clients_before,
    sum(retained_clients) as retained_clients,
    sum(trades) as trades
from marts.broker_months
group by all
order by all
