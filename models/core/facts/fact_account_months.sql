{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='month_id') }}

-- What an account held at the end of each month since something first moved in it, and what moved in the month. The
-- last month ends with the last day there is. Customer and broker are those of the month's last day.
-- depends_on: {{ ref('stg_brokerage__trade') }}, {{ ref('dim_trade') }}, {{ ref('holding_changes') }}
with accounts as (
    select
        *,
        -- An account's first version also covers the time before it.
        lag(end_date, 1, date '0001-01-01') over (partition by account_id order by effective_date) as first_day
    from {{ ref('dim_account') }}
),

moves as (
    select * from {{ ref('account_moves') }}
),

spans as (
    select * from {{ ref('account_spans') }}
),

prices as (
    select * from {{ ref('month_prices') }}
),

changes as (
    {% for source in ['moves', 'spans', 'prices'] -%}
    select
        month_id,
        last_date_id,
        batch_id
    from {{ source }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Recompute from the first month in which something new is dated, and the last month, which may have grown.
new_months as (
    select min(month_id) as month_id from changes
    where {{ is_new_batch() }}
    {% if is_incremental() -%}
    union all
    select max(month_id) as month_id from {{ this }}
    -- A closed trade that has changed since may have moved off the day on which it was closed.
    union all
    select min({{ month_id('changes.sk_date_id') }}) as month_id from {{ ref('holding_changes') }} as changes
    inner join {{ ref('dim_trade') }} as trades on changes.current_trade_id = trades.trade_id
    where {{ is_new_batch('trades.batch_id') }}
    union all
    select min({{ month_id(date_id('landed.changed_at')) }}) as month_id from {{ ref('stg_brokerage__trade') }} as landed
    inner join {{ ref('dim_trade') }} as trades on landed.trade_id = trades.trade_id
    where
        landed.status_id in ('CMPT', 'CNCL')
        and {{ is_new_batch('trades.batch_id') }}
    union all
    select min({{ month_id(date_id('effective_date')) }}) as month_id from accounts
    where {{ is_new_batch() }}
    {% endif %}
),

months as (
    select
        {{ month_id('sk_date_id') }} as month_id,
        max(date_value) as last_day
    from {{ ref('dim_date') }}
    where
        {{ month_id('sk_date_id') }} >= (select min(new_months.month_id) from new_months)
        and sk_date_id <= (select max(changes.last_date_id) from changes)
    group by {{ month_id('sk_date_id') }}
),

-- A security without a price in a month keeps its previous price.
quotes as (
    select
        months.month_id,
        prices.symbol,
        {{ latest_by('prices.close_price', 'prices.month_id') }} as close_price,
        {{ latest_by('prices.batch_id', 'prices.month_id') }} as batch_id
    from prices
    inner join months on prices.month_id <= months.month_id
    group by months.month_id, prices.symbol
),

held as (
    select
        months.month_id,
        spans.account_id,
        spans.symbol,
        spans.cash,
        spans.quantity,
        spans.batch_id
    from spans
    inner join months
        on
            spans.month_id <= months.month_id
            and spans.next_month_id > months.month_id
),

totals as (
    select
        held.month_id,
        held.account_id,
        sum(held.cash) as cash,
        sum(held.quantity * coalesce(quotes.close_price, 0)) as holdings_value,
        max(greatest(held.batch_id, coalesce(quotes.batch_id, 0))) as batch_id
    from held
    left join quotes
        on
            held.symbol = quotes.symbol
            and held.month_id = quotes.month_id
    group by held.month_id, held.account_id
),

final as (
    select
        totals.month_id,
        accounts.sk_account_id,
        accounts.sk_customer_id,
        accounts.sk_broker_id,
        cast(totals.cash as decimal(18, 2)) as cash,
        cast(totals.holdings_value as decimal(18, 2)) as holdings_value,
        {% for column in ['net_purchases', 'trades', 'traded_value', 'commission', 'fees'] -%}
        coalesce(moves.{{ column }}, 0) as {{ column }},
        {% endfor -%}
        greatest(totals.batch_id, coalesce(moves.batch_id, 0)) as batch_id
    from totals
    inner join months on totals.month_id = months.month_id
    inner join accounts
        on
            totals.account_id = accounts.account_id
            and months.last_day >= accounts.first_day
            and months.last_day < accounts.end_date
    left join moves
        on
            totals.account_id = moves.account_id
            and totals.month_id = moves.month_id
)

select * from final
