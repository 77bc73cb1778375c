{%- set last_day = 'select max(sk_date_id) from ' ~ ref('fact_market_history') -%}
{#- Without a customer: who owns the newest holding on the last day that has prices. -#}
{%- set somebody -%}
    select customers.customer_id
    from {{ ref('dim_customer') }} as customers
    where
        customers.sk_customer_id = (
            select max_by(holdings.sk_customer_id, holdings.current_trade_id)
            from {{ ref('fact_holdings') }} as holdings
            where holdings.current_holding > 0 and holdings.sk_date_id <= ({{ last_day }})
        )
{%- endset -%}

-- One row for each account and security held at the end of the day, and one for its cash (without a symbol).
with asked as (
    select
        {{ parameter('customer_id', somebody) }} as customer_id,
        {{ parameter('day', last_day) }} as sk_date_id
),

-- Facts carry the version of their day, so all versions of the customer's accounts are needed.
accounts as (
    select
        accounts.sk_account_id,
        accounts.account_id,
        asked.sk_date_id as day_asked
    from asked
    inner join {{ ref('dim_customer') }} as customers on asked.customer_id = customers.customer_id
    inner join {{ ref('dim_account') }} as accounts on customers.sk_customer_id = accounts.sk_customer_id
),

-- Each row of a holding is the quantity left of one purchase; its last one by that day is what was held.
changes as (
    select
        accounts.account_id,
        securities.symbol,
        holdings.current_holding,
        row_number() over (
            partition by holdings.trade_id
            order by holdings.sk_date_id desc, holdings.sk_time_id desc, holdings.current_trade_id desc
        ) as is_last
    from accounts
    inner join {{ ref('fact_holdings') }} as holdings
        on accounts.sk_account_id = holdings.sk_account_id and accounts.day_asked >= holdings.sk_date_id
    inner join {{ ref('dim_security') }} as securities on holdings.sk_security_id = securities.sk_security_id
),

positions as (
    select
        account_id,
        symbol,
        sum(current_holding) as quantity
    from changes
    where is_last = 1
    group by account_id, symbol
    having sum(current_holding) <> 0
),

-- A security may have no price on the day itself.
quotes as (
    select
        securities.symbol,
        max_by(prices.close_price, prices.sk_date_id) as close_price
    from {{ ref('dim_security') }} as securities
    inner join {{ ref('fact_market_history') }} as prices on securities.sk_security_id = prices.sk_security_id
    where
        securities.symbol in (select positions.symbol from positions)
        and prices.sk_date_id <= (select asked.sk_date_id from asked)
    group by securities.symbol
),

cash as (
    select
        accounts.account_id,
        max_by(balances.cash, balances.sk_date_id) as cash
    from accounts
    inner join {{ ref('fact_cash_balances') }} as balances
        on accounts.sk_account_id = balances.sk_account_id and accounts.day_asked >= balances.sk_date_id
    group by accounts.account_id
),

lines as (
    select
        positions.account_id,
        positions.symbol,
        positions.quantity,
        quotes.close_price,
        positions.quantity * quotes.close_price as market_value
    from positions
    left join quotes on positions.symbol = quotes.symbol
    union all
    select
        account_id,
        null as symbol,
        null as quantity,
        null as close_price,
        cash as market_value
    from cash
),

final as (
    select
        asked.customer_id,
        asked.sk_date_id,
        lines.account_id,
        lines.symbol,
        lines.quantity,
        lines.close_price,
        lines.market_value
    from lines
    cross join asked
)

select * from final
order by account_id, symbol
