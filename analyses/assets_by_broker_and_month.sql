{%- set last_day = 'select max(sk_date_id) from ' ~ ref('fact_market_history') -%}

-- Cash and securities that each broker's accounts held at the end of each of the last months; the last one ends on
-- the day asked for. The broker is the one in force on that day.
with months as (
    select
        dates.calendar_month_id as month,
        max(dates.sk_date_id) as sk_date_id,
        max(dates.date_value) as date_value
    from {{ ref('dim_date') }} as asked
    inner join {{ ref('dim_date') }} as dates
        on
            asked.date_value >= dates.date_value
            and {{ dbt.dateadd('month', '-' ~ parameter('months', 12), 'asked.date_value') }} < dates.date_value
    where asked.sk_date_id = {{ parameter('day', last_day) }}
    group by dates.calendar_month_id
),

-- What is left of each purchase after each day on which it changed, and until which day it stayed so.
purchases as (
    select
        holdings.trade_id,
        accounts.account_id,
        securities.symbol,
        holdings.sk_date_id,
        max_by(holdings.current_holding, holdings.sk_time_id * 10000000000 + holdings.current_trade_id) as quantity
    from {{ ref('fact_holdings') }} as holdings
    inner join {{ ref('dim_account') }} as accounts on holdings.sk_account_id = accounts.sk_account_id
    inner join {{ ref('dim_security') }} as securities on holdings.sk_security_id = securities.sk_security_id
    group by holdings.trade_id, accounts.account_id, securities.symbol, holdings.sk_date_id
),

spans as (
    select
        account_id,
        symbol,
        quantity,
        sk_date_id,
        lead(sk_date_id, 1, 99991231) over (partition by trade_id order by sk_date_id) as sk_date_id_next
    from purchases
),

positions as (
    select
        months.month,
        spans.account_id,
        spans.symbol,
        sum(spans.quantity) as quantity
    from spans
    inner join months on spans.sk_date_id <= months.sk_date_id and spans.sk_date_id_next > months.sk_date_id
    where spans.quantity <> 0
    group by months.month, spans.account_id, spans.symbol
),

-- The last price of a security by the end of the month; one that had none that month keeps the one before.
monthly_prices as (
    select
        securities.symbol,
        dates.calendar_month_id as month_of_price,
        max_by(prices.close_price, prices.sk_date_id) as close_price,
        max(prices.sk_date_id) as sk_date_id
    from {{ ref('fact_market_history') }} as prices
    inner join {{ ref('dim_security') }} as securities on prices.sk_security_id = securities.sk_security_id
    inner join {{ ref('dim_date') }} as dates on prices.sk_date_id = dates.sk_date_id
    where prices.sk_date_id <= (select max(months.sk_date_id) from months)
    group by securities.symbol, dates.calendar_month_id
),

quotes as (
    select
        monthly_prices.symbol,
        months.month,
        max_by(monthly_prices.close_price, monthly_prices.sk_date_id) as close_price
    from monthly_prices
    inner join months on monthly_prices.sk_date_id <= months.sk_date_id
    group by monthly_prices.symbol, months.month
),

securities_held as (
    select
        positions.month,
        positions.account_id,
        sum(positions.quantity * quotes.close_price) as securities
    from positions
    inner join quotes on positions.symbol = quotes.symbol and positions.month = quotes.month
    group by positions.month, positions.account_id
),

cash_spans as (
    select
        accounts.account_id,
        balances.cash,
        balances.sk_date_id,
        lead(balances.sk_date_id, 1, 99991231) over (
            partition by accounts.account_id order by balances.sk_date_id
        ) as sk_date_id_next
    from {{ ref('fact_cash_balances') }} as balances
    inner join {{ ref('dim_account') }} as accounts on balances.sk_account_id = accounts.sk_account_id
),

cash_held as (
    select
        months.month,
        cash_spans.account_id,
        cash_spans.cash
    from cash_spans
    inner join months on cash_spans.sk_date_id <= months.sk_date_id and cash_spans.sk_date_id_next > months.sk_date_id
),

final as (
    select
        months.month,
        brokers.broker_id,
        count(*) as accounts,
        coalesce(sum(cash_held.cash), 0) as cash,
        coalesce(sum(securities_held.securities), 0) as securities,
        coalesce(sum(cash_held.cash), 0) + coalesce(sum(securities_held.securities), 0) as assets
    from months
    inner join {{ ref('dim_account') }} as accounts
        on months.date_value >= accounts.effective_date and months.date_value < accounts.end_date
    inner join {{ ref('dim_broker') }} as brokers on accounts.sk_broker_id = brokers.sk_broker_id
    left join cash_held on accounts.account_id = cash_held.account_id and months.month = cash_held.month
    left join securities_held
        on accounts.account_id = securities_held.account_id and months.month = securities_held.month
    group by months.month, brokers.broker_id
)

select * from final
order by month, broker_id
