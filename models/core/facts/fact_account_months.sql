{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='month_id') }}

-- What an account held at the end of each month since it first held something, and what moved in the month. The last
-- month ends with the last day there is. Customer and broker are those of the month's last day.
with cash_balances as (
    select
        accounts.account_id,
        balances.sk_date_id,
        balances.cash,
        balances.batch_id
    from {{ ref('fact_cash_balances') }} as balances
    inner join {{ ref('dim_account') }} as accounts on balances.sk_account_id = accounts.sk_account_id
),

holdings as (
    select
        accounts.account_id,
        securities.symbol,
        holdings.trade_id,
        holdings.current_trade_id,
        holdings.sk_date_id,
        holdings.sk_time_id,
        holdings.current_price,
        holdings.current_holding,
        holdings.batch_id
    from {{ ref('fact_holdings') }} as holdings
    inner join {{ ref('dim_account') }} as accounts on holdings.sk_account_id = accounts.sk_account_id
    inner join {{ ref('dim_security') }} as securities on holdings.sk_security_id = securities.sk_security_id
),

prices as (
    select * from {{ ref('fact_market_history') }}
),

trades as (
    select
        trades.*,
        accounts.account_id
    from {{ ref('dim_trade') }} as trades
    inner join {{ ref('dim_account') }} as accounts on trades.sk_account_id = accounts.sk_account_id
    where trades.status = 'Completed'
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

-- What a holding was worth to hold changes only with a trade. One that changes again on its day has no days at all.
holding_spans as (
    select
        account_id,
        symbol,
        sk_date_id,
        current_price,
        current_holding,
        current_holding - lag(current_holding, 1, 0) over changes as delta,
        lead(sk_date_id, 1, 99991231) over changes as sk_date_id_next,
        batch_id
    from holdings
    window changes as (
        partition by trade_id, account_id, symbol order by sk_date_id, sk_time_id, current_trade_id
    )
),

quantities as (
    select
        months.month_id,
        holding_spans.account_id,
        holding_spans.symbol,
        sum(holding_spans.current_holding) as quantity,
        max(holding_spans.batch_id) as batch_id
    from holding_spans
    inner join months
        on
            holding_spans.sk_date_id <= months.last_date_id
            and holding_spans.sk_date_id_next > months.last_date_id
    group by months.month_id, holding_spans.account_id, holding_spans.symbol
),

-- The last price of a security in each month, found by the key of its version first, since versions are many fewer.
version_prices as (
    select
        sk_security_id,
        {{ month_id('sk_date_id') }} as month_id,
        max(sk_date_id) as sk_date_id,
        {{ latest_by('close_price', 'sk_date_id') }} as close_price,
        {{ latest_by('batch_id', 'sk_date_id') }} as batch_id
    from prices
    group by sk_security_id, {{ month_id('sk_date_id') }}
),

month_prices as (
    select
        securities.symbol,
        version_prices.month_id,
        {{ latest_by('version_prices.close_price', 'version_prices.sk_date_id') }} as close_price,
        {{ latest_by('version_prices.batch_id', 'version_prices.sk_date_id') }} as batch_id
    from version_prices
    inner join {{ ref('dim_security') }} as securities on version_prices.sk_security_id = securities.sk_security_id
    group by securities.symbol, version_prices.month_id
),

-- One that had no price in a month keeps the one before.
quote_spans as (
    select
        *,
        lead(month_id, 1, 999999) over (partition by symbol order by month_id) as month_id_next
    from month_prices
),

holding_values as (
    select
        quantities.month_id,
        quantities.account_id,
        sum(quantities.quantity * coalesce(quote_spans.close_price, 0)) as holdings_value,
        max(greatest(quantities.batch_id, coalesce(quote_spans.batch_id, 0))) as batch_id
    from quantities
    left join quote_spans
        on
            quantities.symbol = quote_spans.symbol
            and quantities.month_id >= quote_spans.month_id
            and quantities.month_id < quote_spans.month_id_next
    group by quantities.month_id, quantities.account_id
),

invested as (
    select
        account_id,
        {{ month_id('sk_date_id') }} as month_id,
        sum(delta * current_price) as net_purchases,
        max(batch_id) as batch_id
    from holding_spans
    where {{ month_id('sk_date_id') }} >= (select min(months.month_id) from months)
    group by account_id, {{ month_id('sk_date_id') }}
),

traded as (
    select
        account_id,
        {{ month_id('sk_close_date_id') }} as month_id,
        count(*) as trades,
        sum(quantity * trade_price) as traded_value,
        sum(commission) as commission,
        sum(fee) as fees,
        max(batch_id) as batch_id
    from trades
    where {{ month_id('sk_close_date_id') }} >= (select min(months.month_id) from months)
    group by account_id, {{ month_id('sk_close_date_id') }}
),

measures as (
    select
        account_id,
        month_id,
        cash,
        0 as holdings_value,
        0 as net_purchases,
        0 as trades,
        0 as traded_value,
        0 as commission,
        0 as fees,
        batch_id
    from cash_held
    union all
    select
        account_id,
        month_id,
        0,
        holdings_value,
        0,
        0,
        0,
        0,
        0,
        batch_id
    from holding_values
    union all
    select
        account_id,
        month_id,
        0,
        0,
        net_purchases,
        0,
        0,
        0,
        0,
        batch_id
    from invested
    union all
    select
        account_id,
        month_id,
        0,
        0,
        0,
        trades,
        traded_value,
        commission,
        fees,
        batch_id
    from traded
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
