{%- set last_day = 'select max(sk_close_date_id) from ' ~ ref('dim_trade') -%}

-- Completed trades by month of completion, seen through all five facts: what they left in the holding, how their
-- price compares with the day's close, what cash the account had that day, and whether the client was watching.
-- A security is matched by the smallest key of its versions: numbers join faster than symbols.
with securities as (
    select
        sk_security_id,
        min(sk_security_id) over (partition by symbol) as security_number
    from {{ ref('dim_security') }}
),

trades as (
    select
        trades.trade_id,
        trades.sk_close_date_id,
        trades.sk_create_date_id,
        trades.trade_price,
        trades.quantity,
        accounts.account_id,
        customers.customer_id,
        securities.security_number
    from {{ ref('dim_trade') }} as trades
    inner join {{ ref('dim_account') }} as accounts on trades.sk_account_id = accounts.sk_account_id
    inner join {{ ref('dim_customer') }} as customers on trades.sk_customer_id = customers.sk_customer_id
    inner join securities on trades.sk_security_id = securities.sk_security_id
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
        securities.security_number,
        history.sk_date_id,
        history.close_price
    from {{ ref('fact_market_history') }} as history
    inner join securities on history.sk_security_id = securities.sk_security_id
),

balances as (
    select
        accounts.account_id,
        balances.sk_date_id,
        balances.cash
    from {{ ref('fact_cash_balances') }} as balances
    inner join {{ ref('dim_account') }} as accounts on balances.sk_account_id = accounts.sk_account_id
),

watches as (
    select
        customers.customer_id,
        securities.security_number,
        watches.sk_date_id_date_placed,
        watches.sk_date_id_date_removed
    from {{ ref('fact_watches') }} as watches
    inner join {{ ref('dim_customer') }} as customers on watches.sk_customer_id = customers.sk_customer_id
    inner join securities on watches.sk_security_id = securities.sk_security_id
),

watched as (
    select distinct trades.trade_id
    from trades
    inner join watches
        on
            trades.customer_id = watches.customer_id
            and trades.security_number = watches.security_number
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
    left join prices
        on trades.security_number = prices.security_number and trades.sk_close_date_id = prices.sk_date_id
    left join balances on trades.account_id = balances.account_id and trades.sk_close_date_id = balances.sk_date_id
    left join watched on trades.trade_id = watched.trade_id
    group by days.calendar_month_id
)

select * from final
order by month
