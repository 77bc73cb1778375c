{%- set last_day = 'select max(sk_close_date_id) from ' ~ ref('dim_trade') -%}

-- Completed trades by month of completion, seen through all five facts: what they left in the holding, how their
-- price compares with the day's close, what cash the account had that day, and whether the client was watching.
with trades as (
    select
        trades.trade_id,
        trades.sk_close_date_id,
        trades.sk_create_date_id,
        trades.trade_price,
        trades.quantity,
        accounts.account_id,
        customers.customer_id,
        securities.symbol
    from {{ ref('dim_trade') }} as trades
    inner join {{ ref('dim_account') }} as accounts on trades.sk_account_id = accounts.sk_account_id
    inner join {{ ref('dim_customer') }} as customers on trades.sk_customer_id = customers.sk_customer_id
    inner join {{ ref('dim_security') }} as securities on trades.sk_security_id = securities.sk_security_id
    where
        trades.status = 'Completed'
        and trades.sk_close_date_id <= {{ parameter('day', last_day) }}
),

-- A sale can close several purchases, each with a row of its own.
holdings as (
    select
        current_trade_id,
        count(*) as purchases_touched,
        sum(current_holding) as held_after
    from {{ ref('fact_holdings') }}
    group by current_trade_id
),

prices as (
    select
        securities.symbol,
        history.sk_date_id,
        history.close_price
    from {{ ref('fact_market_history') }} as history
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
),

balances as (
    select
        accounts.account_id,
        balances.sk_date_id,
        balances.cash
    from {{ ref('fact_cash_balances') }} as balances
    inner join {{ ref('dim_account') }} as accounts on balances.sk_account_id = accounts.sk_account_id
),

watched as (
    select distinct trades.trade_id
    from trades
    inner join {{ ref('dim_customer') }} as customers on trades.customer_id = customers.customer_id
    inner join {{ ref('dim_security') }} as securities on trades.symbol = securities.symbol
    inner join {{ ref('fact_watches') }} as watches
        on
            customers.sk_customer_id = watches.sk_customer_id
            and securities.sk_security_id = watches.sk_security_id
            and trades.sk_create_date_id >= watches.sk_date_id_date_placed
            and trades.sk_create_date_id <= coalesce(watches.sk_date_id_date_removed, 99991231)
),

final as (
    select
        days.calendar_month_id as month,
        count(*) as trades,
        count(holdings.current_trade_id) as trades_that_changed_a_holding,
        sum(holdings.purchases_touched) as purchases_touched,
        sum(holdings.held_after) as held_after,
        count(prices.close_price) as trades_with_a_close,
        avg(trades.trade_price / prices.close_price - 1) as average_distance_from_close,
        count(balances.cash) as trades_with_cash_that_day,
        sum(balances.cash) as cash_that_day,
        count(watched.trade_id) as trades_while_watched
    from trades
    inner join {{ ref('dim_date') }} as days on trades.sk_close_date_id = days.sk_date_id
    left join holdings on trades.trade_id = holdings.current_trade_id
    left join prices on trades.symbol = prices.symbol and trades.sk_close_date_id = prices.sk_date_id
    left join balances on trades.account_id = balances.account_id and trades.sk_close_date_id = balances.sk_date_id
    left join watched on trades.trade_id = watched.trade_id
    group by days.calendar_month_id
)

select * from final
order by month
