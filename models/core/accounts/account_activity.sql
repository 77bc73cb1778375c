-- As of the last day with prices, over all versions of the account.
with last_day as (
    select {{ date_of('max(sk_date_id)') }} as day from {{ ref('fact_market_history') }}
),

today as (
    select
        {{ date_id("day - interval '90' day") }} as quarter_ago,
        {{ date_id("day - interval '1' year") }} as year_ago
    from last_day
),

versions as (
    select * from {{ ref('dim_account') }}
),

balances as (
    select
        versions.account_id,
        {{ latest_by('balances.cash', 'balances.sk_date_id') }} as cash
    from {{ ref('fact_cash_balances') }} as balances
    inner join versions on balances.sk_account_id = versions.sk_account_id
    group by versions.account_id
),

completed as (
    select
        sk_account_id,
        sk_close_date_id,
        coalesce(fee, 0) + coalesce(commission, 0) as revenue
    from {{ ref('dim_trade') }}
    where
        status = 'Completed'
        and sk_close_date_id is not null
),

trades as (
    select
        versions.account_id,
        count(*) as trades,
        sum(case when completed.sk_close_date_id > today.quarter_ago then 1 else 0 end) as trades_90_days,
        max(completed.sk_close_date_id) as sk_last_trade_date_id,
        sum(completed.revenue) as revenue,
        sum(case when completed.sk_close_date_id > today.year_ago then completed.revenue else 0 end) as revenue_year
    from completed
    inner join versions on completed.sk_account_id = versions.sk_account_id
    cross join today
    group by versions.account_id
),

final as (
    select
        versions.account_id,
        customers.customer_id,
        brokers.broker_id,
        versions.status,
        cast(coalesce(balances.cash, 0) as decimal(18, 2)) as cash,
        cast(coalesce(trades.trades, 0) as integer) as trades,
        cast(coalesce(trades.trades_90_days, 0) as integer) as trades_90_days,
        {{ date_of('trades.sk_last_trade_date_id') }} as last_trade_on,
        cast(coalesce(trades.revenue, 0) as decimal(18, 2)) as revenue,
        cast(coalesce(trades.revenue_year, 0) as decimal(18, 2)) as revenue_year,
        versions.batch_id
    from versions
    inner join {{ ref('dim_customer') }} as customers on versions.sk_customer_id = customers.sk_customer_id
    left join {{ ref('dim_broker') }} as brokers on versions.sk_broker_id = brokers.sk_broker_id
    left join balances on versions.account_id = balances.account_id
    left join trades on versions.account_id = trades.account_id
    where versions.is_current
)

select * from final
