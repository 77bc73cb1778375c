{{ config(materialized='view') }}

-- Who the broker is, is asked of each account at the end of the month; a client counts where the accounts together
-- hold something.
with account_months as (
    select
        months.*,
        brokers.broker_id,
        customers.customer_id,
        months.cash + months.holdings_value as assets
    from {{ ref('fact_account_months') }} as months
    inner join {{ ref('dim_broker') }} as brokers on months.sk_broker_id = brokers.sk_broker_id
    inner join {{ ref('dim_customer') }} as customers on months.sk_customer_id = customers.sk_customer_id
),

calendar as (
    select
        month_id,
        row_number() over (order by month_id) as place
    from account_months
    group by month_id
),

clients as (
    select
        calendar.place,
        account_months.month_id,
        account_months.broker_id,
        account_months.customer_id,
        count(*) as accounts,
        sum(account_months.cash) as cash,
        sum(account_months.holdings_value) as holdings_value,
        sum(account_months.assets) as assets,
        sum(account_months.net_purchases) as net_purchases,
        sum(account_months.trades) as trades,
        sum(account_months.traded_value) as traded_value,
        sum(account_months.commission) as commission,
        sum(account_months.fees) as fees,
        max(account_months.batch_id) as batch_id
    from account_months
    inner join calendar on account_months.month_id = calendar.month_id
    group by calendar.place, account_months.month_id, account_months.broker_id, account_months.customer_id
),

followed as (
    select
        *,
        lag(place) over months as place_before,
        lag(assets) over months as assets_before,
        row_number() over (partition by month_id, broker_id order by assets desc) as asset_rank
    from clients
    window months as (partition by broker_id, customer_id order by place)
),

book as (
    select
        month_id,
        place,
        broker_id,
        sum(case when assets > 0 then 1 else 0 end) as clients,
        sum(
            case when assets > 0 and place_before = place - 1 and assets_before > 0 then 1 else 0 end
        ) as retained_clients,
        sum(accounts) as accounts,
        sum(cash) as cash,
        sum(holdings_value) as holdings_value,
        sum(assets) as assets,
        sum(case when asset_rank <= 5 then assets else 0 end) as top_five_assets,
        sum(net_purchases) as net_purchases,
        sum(trades) as trades,
        sum(traded_value) as traded_value,
        sum(commission) as commission,
        sum(fees) as fees,
        max(batch_id) as batch_id
    from followed
    group by month_id, place, broker_id
),

compared as (
    select
        *,
        -- After a month without clients, a broker starts from zero.
        lag(place) over months = place - 1 as is_followed,
        lag(clients) over months as clients_before,
        lag(cash) over months as cash_before,
        lag(holdings_value) over months as holdings_value_before,
        rank() over (partition by month_id order by commission + fees desc) as revenue_rank,
        rank() over (partition by month_id order by assets desc) as assets_rank
    from book
    window months as (partition by broker_id order by place)
),

-- Keys are made into tokens once a broker, not once a row.
brokers as (
    select
        brokers.broker_id,
        released.branch,
        pii_key('broker', brokers.broker_id) as broker_token
    from {{ ref('dim_broker') }} as brokers
    inner join {{ ref('brokers_released') }} as released on brokers.broker_id = released.broker_id
),

final as (
    select
        compared.month_id,
        {{ date_of('compared.month_id * 100 + 1') }} as month,
        brokers.broker_token as broker_id,
        brokers.branch,
        cast(compared.clients as integer) as clients,
        cast(case when compared.is_followed then compared.clients_before else 0 end as integer) as clients_before,
        cast(compared.retained_clients as integer) as retained_clients,
        cast(compared.accounts as integer) as accounts,
        cast(compared.cash as decimal(18, 2)) as cash,
        cast(compared.holdings_value as decimal(18, 2)) as holdings_value,
        cast(compared.assets as decimal(18, 2)) as assets,
        cast(compared.top_five_assets as decimal(18, 2)) as top_five_assets,
        cast(
            compared.cash - case when compared.is_followed then compared.cash_before else 0 end + compared.net_purchases
            as decimal(18, 2)
        ) as net_flow,
        cast(
            compared.holdings_value
            - case when compared.is_followed then compared.holdings_value_before else 0 end
            - compared.net_purchases as decimal(18, 2)
        ) as market_gain,
        cast(compared.trades as integer) as trades,
        cast(compared.traded_value as decimal(18, 2)) as traded_value,
        cast(compared.commission as decimal(18, 2)) as commission,
        cast(compared.fees as decimal(18, 2)) as fees,
        cast(compared.commission + compared.fees as decimal(18, 2)) as revenue,
        cast(compared.revenue_rank as integer) as revenue_rank,
        cast(compared.assets_rank as integer) as assets_rank,
        pii_key_version() as token_key_version,
        compared.batch_id
    from compared
    inner join brokers on compared.broker_id = brokers.broker_id
)

select * from final
