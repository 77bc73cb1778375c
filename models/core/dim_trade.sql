{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='trade_id') }}

with landed_trades as (
    select * from {{ ref('stg_brokerage__trade') }}
    {% if is_incremental() %}
    where trade_id in (
        select trade_id from {{ ref('stg_brokerage__trade') }} where batch_id > {{ loaded_through() }}
    )
    {% endif %}
),

landed_history as (
    select * from {{ ref('stg_brokerage__trade_history') }}
    {% if is_incremental() %}
    where trade_id in (select trade_id from landed_trades)
    {% endif %}
),

accounts as (
    select * from {{ ref('dim_account') }}
),

securities as (
    select * from {{ ref('dim_security') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

trade_types as (
    select * from {{ ref('stg_reference__trade_type') }}
),

history as (
    select
        trade_id,
        min(case when status_id = 'SBMT' then changed_at end) as submitted_at,
        min(case when status_id = 'PNDG' then changed_at end) as pending_at,
        max(case when status_id in ('CMPT', 'CNCL') then changed_at end) as closed_at
    from landed_history
    group by trade_id
),

-- Later batches bring few rows, so only those are put in order.
changes as (
    select
        *,
        row_number() over (partition by trade_id order by batch_id desc, cdc_dsn desc) as recency
    from landed_trades
    where batch_id > 1
),

change_times as (
    select
        trade_id,
        min(case when cdc_flag = 'I' then changed_at end) as created_at,
        max(case when status_id in ('CMPT', 'CNCL') then changed_at end) as closed_at
    from changes
    group by trade_id
),

insertions as (
    select
        trade_id,
        account_id,
        symbol,
        batch_id,
        row_number() over (partition by trade_id order by batch_id, cdc_dsn) as precedence
    from changes
    where cdc_flag = 'I'
),

first_rows as (
    select
        landed_trades.trade_id,
        landed_trades.account_id,
        landed_trades.symbol,
        case
            when trade_types.is_market_order then coalesce(history.submitted_at, history.pending_at)
            else coalesce(history.pending_at, history.submitted_at)
        end as created_at,
        history.closed_at,
        landed_trades.batch_id as first_batch_id
    from landed_trades
    inner join trade_types on landed_trades.trade_type_id = trade_types.trade_type_id
    left join history on landed_trades.trade_id = history.trade_id
    where landed_trades.batch_id = 1
    union all
    select
        insertions.trade_id,
        insertions.account_id,
        insertions.symbol,
        change_times.created_at,
        null as closed_at,
        insertions.batch_id as first_batch_id
    from insertions
    inner join change_times on insertions.trade_id = change_times.trade_id
    where insertions.precedence = 1
),

last_rows as (
    select
        landed_trades.trade_id,
        landed_trades.status_id,
        landed_trades.trade_type_id,
        landed_trades.is_cash,
        landed_trades.executed_by,
        landed_trades.quantity,
        landed_trades.bid_price,
        landed_trades.trade_price,
        landed_trades.fee,
        landed_trades.commission,
        landed_trades.tax,
        landed_trades.batch_id
    from landed_trades
    anti join change_times on landed_trades.trade_id = change_times.trade_id
    union all
    select
        trade_id,
        status_id,
        trade_type_id,
        is_cash,
        executed_by,
        quantity,
        bid_price,
        trade_price,
        fee,
        commission,
        tax,
        batch_id
    from changes
    where recency = 1
),

final as (
    select
        first_rows.trade_id,
        accounts.sk_broker_id,
        {{ date_id('first_rows.created_at') }} as sk_create_date_id,
        {{ time_id('first_rows.created_at') }} as sk_create_time_id,
        {{ date_id('coalesce(change_times.closed_at, first_rows.closed_at)') }} as sk_close_date_id,
        {{ time_id('coalesce(change_times.closed_at, first_rows.closed_at)') }} as sk_close_time_id,
        status_types.status_name as status,
        trade_types.trade_type_name as type,
        last_rows.is_cash as cash_flag,
        securities.sk_security_id,
        securities.sk_company_id,
        last_rows.quantity,
        last_rows.bid_price,
        accounts.sk_customer_id,
        accounts.sk_account_id,
        last_rows.executed_by,
        last_rows.trade_price,
        last_rows.fee,
        last_rows.commission,
        last_rows.tax,
        first_rows.first_batch_id,
        last_rows.batch_id
    from first_rows
    inner join last_rows on first_rows.trade_id = last_rows.trade_id
    left join change_times on first_rows.trade_id = change_times.trade_id
    inner join status_types on last_rows.status_id = status_types.status_id
    inner join trade_types on last_rows.trade_type_id = trade_types.trade_type_id
    inner join accounts
        on
            first_rows.account_id = accounts.account_id
            and cast(first_rows.created_at as date) >= accounts.effective_date
            and cast(first_rows.created_at as date) < accounts.end_date
    inner join securities
        on
            first_rows.symbol = securities.symbol
            and cast(first_rows.created_at as date) >= securities.effective_date
            and cast(first_rows.created_at as date) < securities.end_date
)

select * from final
