with months as (
    select *
    from marts.broker_months
    where month > (select max(latest.month) - interval '13' month from marts.broker_months as latest)
),

ranked as (
    select
        broker_id,
        row_number() over (order by sum(revenue) desc, broker_id) as place
    from months
    group by broker_id
),

named as (
    select
        months.*,
        -- Tokens are long; the last digits tell those on the page apart.
        case
            when ranked.place <= 200 then 'Broker ' || right(cast(months.broker_id as varchar), 6)
            else 'All others'
        end as broker
    from months
    inner join ranked on months.broker_id = ranked.broker_id
)

select
    month,
    broker,
    branch,
    sum(assets) as assets,
    sum(net_flow) as net_flow,
    sum(revenue) as revenue,
    sum(top_five_assets) as top_five_assets,
    sum(clients) as clients,
    sum(clients) as client_months,
    sum(clients_before) as clients_before,
    sum(retained_clients) as retained_clients
from named
group by all
order by all
