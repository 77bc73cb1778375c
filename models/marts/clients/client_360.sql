{{ config(materialized='view') }}

-- One row per customer, as of the last day with prices.
with today as (
    select {{ date_of('max(sk_date_id)') }} as day from {{ ref('fact_market_history') }}
),

customers as (
    select
        *,
        min(effective_date) over (partition by customer_id) as client_since
    from {{ ref('dim_customer') }}
),

released as (
    select * from {{ ref('persons_released') }}
    where customer_id is not null
),

brokers as (
    select
        broker_id,
        pii_key('broker', broker_id) as broker_token
    from {{ ref('dim_broker') }}
),

positions as (
    select
        account_id,
        count(*) as positions,
        sum(market_value) as holdings_value,
        sum(cost) as holdings_cost
    from {{ ref('positions') }}
    group by account_id
),

accounts as (
    select
        activity.*,
        coalesce(positions.positions, 0) as positions,
        coalesce(positions.holdings_value, 0) as holdings_value,
        coalesce(positions.holdings_cost, 0) as holdings_cost
    from {{ ref('account_activity') }} as activity
    left join positions on pii_key('account', activity.account_id) = positions.account_id
),

ranked as (
    select
        *,
        row_number() over (partition by customer_id order by cash + holdings_value desc, account_id) as size_rank
    from accounts
),

client_totals as (
    select
        customer_id,
        count(*) as accounts,
        sum(case when status = 'Active' then 1 else 0 end) as active_accounts,
        max(case when size_rank = 1 then broker_id end) as broker_id,
        sum(cash) as cash,
        sum(positions) as positions,
        sum(holdings_value) as holdings_value,
        sum(holdings_cost) as holdings_cost,
        sum(trades) as trades,
        sum(trades_90_days) as trades_90_days,
        max(last_trade_on) as last_trade_on,
        sum(revenue) as revenue,
        sum(revenue_year) as revenue_year
    from ranked
    group by customer_id
),

watches as (
    select
        customers.customer_id,
        count(*) as watched
    from {{ ref('fact_watches') }} as watches
    inner join {{ ref('dim_customer') }} as customers on watches.sk_customer_id = customers.sk_customer_id
    where watches.sk_date_id_date_removed is null
    group by customers.customer_id
),

final as (
    select
        pii_key('customer', customers.customer_id) as customer_id,
        customers.status,
        customers.tier,
        released.is_both as is_prospect,
        released.gender,
        released.age_band,
        released.area,
        released.net_worth_band,
        released.credit_band,
        brokers.broker_token as broker_id,
        customers.client_since,
        {{ dbt.datediff(
            'customers.client_since', 'today.day', 'day'
        ) }} as days_as_client,
        cast(coalesce(client_totals.accounts, 0) as integer) as accounts,
        cast(coalesce(client_totals.active_accounts, 0) as integer) as active_accounts,
        cast(coalesce(client_totals.positions, 0) as integer) as positions,
        cast(coalesce(client_totals.cash, 0) as decimal(18, 2)) as cash,
        cast(coalesce(client_totals.holdings_value, 0) as decimal(18, 2)) as holdings_value,
        cast(coalesce(client_totals.cash + client_totals.holdings_value, 0) as decimal(18, 2)) as assets,
        cast(
            coalesce(client_totals.holdings_value - client_totals.holdings_cost, 0) as decimal(18, 2)
        ) as unrealised_gain,
        cast(coalesce(client_totals.trades, 0) as integer) as trades,
        cast(coalesce(client_totals.trades_90_days, 0) as integer) as trades_90_days,
        client_totals.last_trade_on,
        cast(coalesce(client_totals.revenue, 0) as decimal(18, 2)) as revenue,
        cast(coalesce(client_totals.revenue_year, 0) as decimal(18, 2)) as revenue_year,
        cast(coalesce(watches.watched, 0) as integer) as watched,
        case
            when customers.status = 'Inactive' then 'Left'
            when client_totals.last_trade_on is null then 'Never traded'
            when client_totals.last_trade_on <= today.day - interval '180' day then 'Dormant'
            when customers.client_since > today.day - interval '180' day then 'New'
            when client_totals.trades_90_days >= 10 then 'Frequent'
            else 'Regular'
        end as segment,
        pii_key_version() as token_key_version,
        customers.batch_id
    from customers
    inner join released on customers.customer_id = released.customer_id
    cross join today
    left join client_totals on customers.customer_id = client_totals.customer_id
    left join brokers on client_totals.broker_id = brokers.broker_id
    left join watches on customers.customer_id = watches.customer_id
    where customers.is_current
)

select * from final
