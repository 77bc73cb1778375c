{{ config(materialized='view') }}

-- A manager's team is everyone below, directly or not, and the manager. Managers who are no brokers are not known here.
with recursive brokers as (
    select
        pii_key('broker', broker_id) as broker_id,
        pii_key('broker', manager_id) as manager_id
    from {{ ref('dim_broker') }}
    where is_current
),

teams as (
    select
        broker_id as manager_id,
        broker_id,
        0 as levels_below
    from brokers
    union
    -- A cycle of managers stops where it began.
    select
        teams.manager_id,
        brokers.broker_id,
        teams.levels_below + 1 as levels_below
    from teams
    inner join brokers on teams.broker_id = brokers.manager_id
    where teams.levels_below < 20
),

members as (
    select distinct
        manager_id,
        broker_id
    from teams
),

months as (
    select * from {{ ref('broker_months') }}
),

final as (
    select
        months.month_id,
        months.month,
        members.manager_id,
        cast(count(*) as integer) as brokers,
        cast(sum(months.clients) as integer) as clients,
        cast(sum(months.assets) as decimal(18, 2)) as assets,
        cast(sum(months.net_flow) as decimal(18, 2)) as net_flow,
        cast(sum(months.trades) as integer) as trades,
        cast(sum(months.revenue) as decimal(18, 2)) as revenue,
        max(months.token_key_version) as token_key_version,
        max(months.batch_id) as batch_id
    from members
    inner join months on members.broker_id = months.broker_id
    group by months.month_id, months.month, members.manager_id
    having count(*) > 1
)

select * from final
