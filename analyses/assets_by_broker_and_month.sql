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

asked_days as (
    select
        min(sk_date_id) as first_day,
        max(sk_date_id) as last_day
    from months
),

-- How much was left of each purchase, from which day on until which. What changed again on its day has no days at all.
holding_spans as (
    select
        sk_account_id,
        sk_security_id,
        current_holding,
        sk_date_id,
        lead(sk_date_id, 1, 99991231) over (
            partition by trade_id order by sk_date_id, sk_time_id, current_trade_id
        ) as sk_date_id_next
    from {{ ref('fact_holdings') }}
),

holdings as (
    select
        months.month,
        holding_spans.sk_account_id,
        holding_spans.sk_security_id,
        holding_spans.current_holding
    from holding_spans
    inner join months
        on holding_spans.sk_date_id <= months.sk_date_id and holding_spans.sk_date_id_next > months.sk_date_id
    where
        holding_spans.current_holding <> 0
        and holding_spans.sk_date_id_next > (select asked_days.first_day from asked_days)
),

-- The last price of a security version in each month, found by its key: days are yyyymmdd.
monthly_prices as (
    select
        sk_security_id,
        max(sk_date_id) as sk_date_id,
        max_by(close_price, sk_date_id) as close_price
    from {{ ref('fact_market_history') }}
    where sk_date_id <= (select asked_days.last_day from asked_days)
    group by sk_security_id, floor(sk_date_id / 100)
),

-- The last price of a security by the end of the month; one that had none that month keeps the one before.
monthly_quotes as (
    select
        securities.symbol,
        months.month,
        max_by(monthly_prices.close_price, monthly_prices.sk_date_id) as close_price
    from monthly_prices
    inner join {{ ref('dim_security') }} as securities on monthly_prices.sk_security_id = securities.sk_security_id
    inner join months on monthly_prices.sk_date_id <= months.sk_date_id
    group by securities.symbol, months.month
),

-- For every version of the security: a holding names the one that was traded.
quotes as (
    select
        securities.sk_security_id,
        monthly_quotes.month,
        monthly_quotes.close_price
    from monthly_quotes
    inner join {{ ref('dim_security') }} as securities on monthly_quotes.symbol = securities.symbol
),

holding_values as (
    select
        holdings.month,
        holdings.sk_account_id,
        sum(holdings.current_holding * quotes.close_price) as securities
    from holdings
    inner join quotes on holdings.sk_security_id = quotes.sk_security_id and holdings.month = quotes.month
    group by holdings.month, holdings.sk_account_id
),

securities_held as (
    select
        holding_values.month,
        accounts.account_id,
        sum(holding_values.securities) as securities
    from holding_values
    inner join {{ ref('dim_account') }} as accounts on holding_values.sk_account_id = accounts.sk_account_id
    group by holding_values.month, accounts.account_id
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
    where cash_spans.sk_date_id_next > (select asked_days.first_day from asked_days)
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
