{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='month_id') }}

-- What an account held at the end of each month since something first moved in it, and what moved in the month. The
-- last month ends with the last day there is. Customer and broker are those of the month's last day.
-- depends_on: {{ ref('stg_brokerage__trade') }}
with securities as (
    select
        sk_security_id,
        dense_rank() over (order by symbol) as security_number
    from {{ ref('dim_security') }}
),

-- An account's first version stands for what came before it.
accounts as (
    select
        *,
        lag(end_date, 1, date '0001-01-01') over (partition by account_id order by effective_date) as first_day
    from {{ ref('dim_account') }}
),

cash_balances as (
    select
        accounts.account_id,
        balances.sk_date_id,
        balances.cash,
        balances.batch_id
    from {{ ref('fact_cash_balances') }} as balances
    inner join accounts on balances.sk_account_id = accounts.sk_account_id
),

-- What a trade will do that is still open has not happened yet.
holdings as (
    select * from {{ ref('fact_holdings') }}
    where sk_date_id is not null
),

prices as (
    select * from {{ ref('fact_market_history') }}
),

trades as (
    select * from {{ ref('dim_trade') }}
    where
        status = 'Completed'
        and sk_close_date_id is not null
),

{% if is_incremental() -%}
-- Trades that were closed before and have changed since can have left the day that they were closed on.
changed_trades as (
    select trade_id
    from {{ ref('dim_trade') }}
    where batch_id > {{ loaded_through() }}
),

-- Months count from the first one that something new is dated in, and the last one, which may have got longer.
new_days as (
    select max(month_id) * 100 + 1 as sk_date_id from {{ this }}
    union all
    {% for source, column in [
        ('cash_balances', 'sk_date_id'), ('holdings', 'sk_date_id'), ('prices', 'sk_date_id'), ('trades', 'sk_close_date_id')
    ] -%}
    select min({{ column }}) as sk_date_id from {{ source }}
    where batch_id > {{ loaded_through() }}
    union all
    {% endfor -%}
    select min(holdings.sk_date_id) as sk_date_id from holdings
    inner join changed_trades on holdings.current_trade_id = changed_trades.trade_id
    union all
    select min({{ date_id('landed.changed_at') }}) as sk_date_id from {{ ref('stg_brokerage__trade') }} as landed
    inner join changed_trades on landed.trade_id = changed_trades.trade_id
    where landed.status_id in ('CMPT', 'CNCL')
    union all
    select min({{ date_id('effective_date') }}) as sk_date_id from accounts
    where batch_id > {{ loaded_through() }}
),

{% else -%}
new_days as (
    {% for source, column in [
        ('cash_balances', 'sk_date_id'), ('holdings', 'sk_date_id'), ('prices', 'sk_date_id'), ('trades', 'sk_close_date_id')
    ] -%}
    select min({{ column }}) as sk_date_id from {{ source }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

{% endif -%}
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
                (select max(prices.sk_date_id) from prices),
                (select max(trades.sk_close_date_id) from trades)
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

-- How much a trade changed each of its holdings.
deltas as (
    select
        *,
        current_holding - lag(current_holding, 1, 0) over (
            partition by trade_id
            order by sk_date_id, sk_time_id, current_trade_id
        ) as delta
    from holdings
),

-- By month, account and security from here on, in numbers; a trade can sell what another account bought.
moves as (
    select
        accounts.account_id,
        securities.security_number,
        {{ month_id('deltas.sk_date_id') }} as month_id,
        sum(deltas.delta) as delta,
        sum(deltas.delta * coalesce(deltas.current_price, 0)) as net_purchases,
        max(deltas.batch_id) as batch_id,
        min(deltas.batch_id) as first_batch_id
    from deltas
    inner join accounts on deltas.sk_account_id = accounts.sk_account_id
    inner join securities on deltas.sk_security_id = securities.sk_security_id
    group by accounts.account_id, securities.security_number, {{ month_id('deltas.sk_date_id') }}
),

holding_spans as (
    select
        account_id,
        security_number,
        month_id,
        lead(month_id, 1, 999912) over along as month_id_next,
        sum(delta) over along as quantity,
        max(batch_id) over along as batch_id
    from moves
    window along as (partition by account_id, security_number order by month_id)
),

held as (
    select
        months.month_id,
        holding_spans.account_id,
        holding_spans.security_number,
        holding_spans.quantity,
        holding_spans.batch_id
    from holding_spans
    inner join months
        on
            holding_spans.month_id <= months.month_id
            and holding_spans.month_id_next > months.month_id
    where holding_spans.quantity <> 0
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

holding_values as (
    select
        held.month_id,
        held.account_id,
        sum(held.quantity * coalesce(quotes.close_price, 0)) as holdings_value,
        max(greatest(held.batch_id, coalesce(quotes.batch_id, 0))) as batch_id
    from held
    left join quotes
        on
            held.security_number = quotes.security_number
            and held.month_id = quotes.month_id
    group by held.month_id, held.account_id
),

traded as (
    select
        accounts.account_id,
        {{ month_id('trades.sk_close_date_id') }} as month_id,
        count(*) as trades,
        sum(trades.quantity * coalesce(trades.trade_price, 0)) as traded_value,
        sum(coalesce(trades.commission, 0)) as commission,
        sum(coalesce(trades.fee, 0)) as fees,
        max(trades.batch_id) as batch_id,
        min(trades.first_batch_id) as first_batch_id
    from trades
    inner join accounts on trades.sk_account_id = accounts.sk_account_id
    group by accounts.account_id, {{ month_id('trades.sk_close_date_id') }}
),

-- An account keeps its row where it holds nothing any more.
beginnings as (
    select
        account_id,
        month_id,
        first_batch_id
    from moves
    union all
    select
        account_id,
        month_id,
        first_batch_id
    from traded
),

opened as (
    select
        account_id,
        min(month_id) as month_id,
        min(first_batch_id) as batch_id
    from beginnings
    group by account_id
),

{%- set sums = ['cash', 'holdings_value', 'net_purchases', 'trades', 'traded_value', 'commission', 'fees'] %}
{%- set measured = {
    'cash_held': ['cash'],
    'holding_values': ['holdings_value'],
    'moves': ['net_purchases'],
    'traded': ['trades', 'traded_value', 'commission', 'fees'],
} %}

measures as (
    {% for source, given in measured.items() -%}
    select
        account_id,
        month_id,
        {% for column in sums -%}
        {{ column if column in given else '0 as ' ~ column }},
        {% endfor -%}
        batch_id
    from {{ source }}
    union all
    {% endfor -%}
    select
        opened.account_id,
        months.month_id,
        {% for column in sums -%}
        0 as {{ column }},
        {% endfor -%}
        opened.batch_id
    from opened
    inner join months on opened.month_id <= months.month_id
),

totals as (
    select
        account_id,
        month_id,
        {% for column in sums -%}
        sum({{ column }}) as {{ column }},
        {% endfor -%}
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
    inner join accounts
        on
            totals.account_id = accounts.account_id
            and months.last_day >= accounts.first_day
            and months.last_day < accounts.end_date
)

select * from final
