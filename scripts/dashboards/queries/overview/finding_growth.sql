with growth as (
    select
        sum(net_flow) as net_flow,
        sum(market_gain) as market_gain
    from marts.broker_months
    where month > (select max(months.month) - interval '12' month from marts.broker_months as months)
)

select
    'Of the last twelve months'' growth, ' || round(100 * net_flow / (net_flow + market_gain))::integer
    || ' % is money that clients brought; the rest is what the market did.'
from growth
where net_flow > 0 and market_gain > 0
