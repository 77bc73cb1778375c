with clients as (
    select
        *,
        case
            when days_as_client < 365 then 'Under 1 year'
            when days_as_client < 1096 then '1 to 3 years'
            when days_as_client < 1826 then '3 to 5 years'
            when days_as_client < 3652 then '5 to 10 years'
            else '10 years and more'
        end as tenure
    from marts.client_360
),

brokers as (
    select
        broker_id,
        branch
    from analytics.dim_broker
    where is_current
)

select
    clients.segment,
    coalesce(clients.tier::varchar, 'None') as tier,
    clients.status,
    clients.age_band,
    clients.net_worth_band,
    clients.area,
    case when clients.is_prospect then 'On the list' else 'Not on it' end as prospect,
    clients.tenure,
    coalesce(brokers.branch, '–') as branch,
    count(*) as clients,
    sum((clients.trades_90_days > 0)::integer) as trading,
    sum(clients.watched) as watched,
    sum(clients.assets) as assets,
    sum(clients.cash) as cash,
    sum(clients.holdings_value) as holdings_value,
    sum(clients.unrealised_gain) as unrealised_gain,
    sum(clients.revenue_year) as revenue_year
from clients
left join brokers on clients.broker_id = brokers.broker_id
group by all
order by all
