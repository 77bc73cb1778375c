{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='month_id') }}

-- What an account held at the end of each month since it first held something, and what moved in the month. The last
-- month ends with the last day there is. Customer and broker are those of the month's last day.
with securities as (
    select
        sk_security_id,
        dense_rank() over (order by symbol) as security_number
    from {{ ref('dim_security') }}
),

cash_balances as (
    select
        accounts.account_id,
        balances.sk_date_id,
        balances.cash,
        balances.batch_id
    from {{ ref('fact_cash_balances') }} as balances
    inner join {{ ref('dim_account') }} as accounts on balances.sk_account_id = accounts.sk_account_id
),

holdings as (
    select * from {{ ref('fact_holdings') }}
),

prices as (
    select * from {{ ref('fact_market_history') }}
),

trades as (
    select * from {{ ref('dim_trade') }}
    where status = 'Completed'
),

-- In a later load, months count from the first one that something new is dated in.
new_days as (
    {% for source, column in [
        ('cash_balances', 'sk_date_id'), ('holdings', 'sk_date_id'), ('prices', 'sk_date_id'), ('trades', 'sk_close_date_id')
    ] -%}
    select min({{ column }}) as sk_date_id from {{ source }}
    where {{ is_new_batch() }}
    union all
    {% endfor -%}
    select min({{ date_id('effective_date') }}) as sk_date_id from {{ ref('dim_account') }}
    where
        {{ is_new_batch() }}
        and effective_date >= (select {{ date_of('min(cash_balances.sk_date_id)') }} from cash_balances)
),

months as (
    select
        {{ month_id('sk_date_id') }} as month_id,
        max(sk_date_id) as last_date_id,
        max(date_value) as last_day
    from {{ ref('dim_date') }}
    where
        {{ month_id('sk_date_id') }} >= (select {{ month_id('min(new_days.sk_date_id)') }} from new_days)
        and sk_date_id <= (
            select greatest(
                (select max(cash_balances.sk_date_id) from cash_balances),
                (select max(holdings.sk_date_id) from holdings),
                (select max(prices.sk_date_id) from prices)
            )
        )
    group by {{ month_id('sk_date_id') }}
),

cash_spans as (
    select
        account_id,
        cash,
        batch_id,
        sk_date_id,
        lead(sk_date_id, 1, 99991231) over (partition by account_id order by sk_date_id) as sk_date_id_next
    from cash_balances
),

cash_held as (
    select
        months.month_id,
        cash_spans.account_id,
        cash_spans.cash,
        cash_spans.batch_id
    from cash_spans
    inner join months
        on
            cash_spans.sk_date_id <= months.last_date_id
            and cash_spans.sk_date_id_next > months.last_date_id
),

-- How much a trade changed each of its holdings, and until when that was all.
holding_spans as (
    select
        *,
        current_holding - lag(current_holding, 1, 0) over changes as delta,
        lead(sk_date_id, 1, 99991231) over changes as sk_date_id_next
    from holdings
    window changes as (partition by trade_id order by sk_date_id, sk_time_id, current_trade_id)
),

-- The last price of a security in each month, found by the key of its version first; one that had no price in a month
-- keeps the one before.
version_prices as (
    select
        sk_security_id,
        max(sk_date_id) as sk_date_id,
        {{ latest_by('close_price', 'sk_date_id') }} as close_price,
        {{ latest_by('batch_id', 'sk_date_id') }} as batch_id
    from prices
    group by sk_security_id, {{ month_id('sk_date_id') }}
),

quotes as (
    select
        months.month_id,
        securities.security_number,
        {{ latest_by('version_prices.close_price', 'version_prices.sk_date_id') }} as close_price,
        {{ latest_by('version_prices.batch_id', 'version_prices.sk_date_id') }} as batch_id
    from version_prices
    inner join securities on version_prices.sk_security_id = securities.sk_security_id
    inner join months on version_prices.sk_date_id <= months.last_date_id
    group by months.month_id, securities.security_number
),

held as (
    select
        months.month_id,
        holding_spans.sk_account_id,
        securities.security_number,
        holding_spans.current_holding,
        holding_spans.batch_id
    from holding_spans
    inner join securities on holding_spans.sk_security_id = securities.sk_security_id
    inner join months
        on
            holding_spans.sk_date_id <= months.last_date_id
            and holding_spans.sk_date_id_next > months.last_date_id
    where holding_spans.current_holding <> 0
),

holding_values as (
    select
        held.month_id,
        held.sk_account_id,
        sum(held.current_holding * coalesce(quotes.close_price, 0)) as holdings_value,
        max(greatest(held.batch_id, coalesce(quotes.batch_id, 0))) as batch_id
    from held
    left join quotes
        on
            held.security_number = quotes.security_number
            and held.month_id = quotes.month_id
    group by held.month_id, held.sk_account_id
),

invested as (
    select
        sk_account_id,
        {{ month_id('sk_date_id') }} as month_id,
        sum(delta * current_price) as net_purchases,
        max(batch_id) as batch_id
    from holding_spans
    where {{ month_id('sk_date_id') }} >= (select min(months.month_id) from months)
    group by sk_account_id, {{ month_id('sk_date_id') }}
),

traded as (
    select
        sk_account_id,
        {{ month_id('sk_close_date_id') }} as month_id,
        count(*) as trades,
        sum(quantity * trade_price) as traded_value,
        sum(commission) as commission,
        sum(fee) as fees,
        max(batch_id) as batch_id
    from trades
    where {{ month_id('sk_close_date_id') }} >= (select min(months.month_id) from months)
    group by sk_account_id, {{ month_id('sk_close_date_id') }}
),

-- By version of the account until here; a month's measures belong to the account, whose versions they add up over.
measures as (
    select
        cash_held.account_id,
        cash_held.month_id,
        cash_held.cash,
        0 as holdings_value,
        0 as net_purchases,
        0 as trades,
        0 as traded_value,
        0 as commission,
        0 as fees,
        cash_held.batch_id
    from cash_held
    union all
    select
        accounts.account_id,
        coalesce(holding_values.month_id, invested.month_id, traded.month_id) as month_id,
        0 as cash,
        coalesce(holding_values.holdings_value, 0) as holdings_value,
        coalesce(invested.net_purchases, 0) as net_purchases,
        coalesce(traded.trades, 0) as trades,
        coalesce(traded.traded_value, 0) as traded_value,
        coalesce(traded.commission, 0) as commission,
        coalesce(traded.fees, 0) as fees,
        greatest(
            coalesce(holding_values.batch_id, 0), coalesce(invested.batch_id, 0), coalesce(traded.batch_id, 0)
        ) as batch_id
    from holding_values
    full outer join invested
        on
            holding_values.sk_account_id = invested.sk_account_id
            and holding_values.month_id = invested.month_id
    full outer join traded
        on
            coalesce(holding_values.sk_account_id, invested.sk_account_id) = traded.sk_account_id
            and coalesce(holding_values.month_id, invested.month_id) = traded.month_id
    inner join {{ ref('dim_account') }} as accounts
        on coalesce(holding_values.sk_account_id, invested.sk_account_id, traded.sk_account_id) = accounts.sk_account_id
),

totals as (
    select
        account_id,
        month_id,
        sum(cash) as cash,
        sum(holdings_value) as holdings_value,
        sum(net_purchases) as net_purchases,
        sum(trades) as trades,
        sum(traded_value) as traded_value,
        sum(commission) as commission,
        sum(fees) as fees,
        max(batch_id) as batch_id
    from measures
    group by account_id, month_id
),

final as (
    select
        totals.month_id,
        accounts.sk_account_id,
        accounts.sk_customer_id,
        accounts.sk_broker_id,
        cast(totals.cash as decimal(18, 2)) as cash,
        cast(totals.holdings_value as decimal(18, 2)) as holdings_value,
        cast(totals.net_purchases as decimal(18, 2)) as net_purchases,
        cast(totals.trades as integer) as trades,
        cast(totals.traded_value as decimal(18, 2)) as traded_value,
        cast(totals.commission as decimal(18, 2)) as commission,
        cast(totals.fees as decimal(18, 2)) as fees,
        totals.batch_id
    from totals
    inner join months on totals.month_id = months.month_id
    inner join {{ ref('dim_account') }} as accounts
        on
            totals.account_id = accounts.account_id
            and months.last_day >= accounts.effective_date
            and months.last_day < accounts.end_date
)

select * from final
