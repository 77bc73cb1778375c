{%- set state_columns = [
    'status', 'type', 'is_cash', 'quantity', 'bid_price', 'executed_by', 'trade_price', 'fee', 'commission',
    'tax', 'batch_id'
] -%}
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='trade_id') }}

{%- set landed_trades = ref('stg_brokerage__trade') -%}
{%- set of_affected_trades = 'true' -%}
{%- if is_incremental() -%}
    {%- set of_affected_trades = 'trades.trade_id in (
        select landed.trade_id from ' ~ landed_trades ~ ' as landed
        where ' ~ is_new_batch('landed.batch_id') ~ '
    )' -%}
{%- endif -%}

with status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

trade_types as (
    select * from {{ ref('stg_reference__trade_type') }}
),

-- Batch 1 and later batches are read apart: the later ones are few, and only they need to be put in order.
first_trades as (
    select
        trades.*,
        status_types.status_name as status,
        trade_types.trade_type_name as type,
        trade_types.is_market_order
    from {{ landed_trades }} as trades
    inner join status_types on trades.status_id = status_types.status_id
    inner join trade_types on trades.trade_type_id = trade_types.trade_type_id
    where
        trades.batch_id = 1
        and {{ of_affected_trades }}
),

later_trades as (
    select
        trades.*,
        status_types.status_name as status,
        trade_types.trade_type_name as type
    from {{ landed_trades }} as trades
    inner join status_types on trades.status_id = status_types.status_id
    inner join trade_types on trades.trade_type_id = trade_types.trade_type_id
    where
        trades.batch_id > 1
        and {{ of_affected_trades }}
),

landed_history as (
    select trades.* from {{ ref('stg_brokerage__trade_history') }} as trades
    where {{ of_affected_trades }}
),

accounts as (
    select * from {{ ref('dim_account') }}
),

securities as (
    select * from {{ ref('dim_security') }}
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

changes as (
    select
        *,
        row_number() over (partition by trade_id order by batch_id desc, cdc_dsn desc) as recency
    from later_trades
),

change_times as (
    select
        trade_id,
        min(case when cdc_flag = 'I' then changed_at end) as created_at,
        max(case when status_id in ('CMPT', 'CNCL') then changed_at end) as closed_at
    from changes
    group by trade_id
),

last_changes as (
    select * from changes
    where recency = 1
),

first_insertions as (
    select
        changes.trade_id,
        changes.account_id,
        changes.symbol,
        changes.batch_id,
        row_number() over (partition by changes.trade_id order by changes.batch_id, changes.cdc_dsn) as precedence
    from changes
    anti join {{ landed_trades }} as known_trades
        on
            changes.trade_id = known_trades.trade_id
            and known_trades.batch_id = 1
    where changes.cdc_flag = 'I'
),

-- A trade as it is now, with what it was when it was created. Nearly all trades are of batch 1 and have no changes.
states as (
    select
        trades.trade_id,
        trades.account_id,
        trades.symbol,
        case
            when trades.is_market_order then coalesce(history.submitted_at, history.pending_at)
            else coalesce(history.pending_at, history.submitted_at)
        end as created_at,
        coalesce(change_times.closed_at, history.closed_at) as closed_at,
        {% for column in state_columns -%}
        case
            when last_changes.trade_id is null then trades.{{ column }}
            else last_changes.{{ column }}
        end as {{ column }},
        {% endfor -%}
        trades.batch_id as first_batch_id
    from first_trades as trades
    left join history on trades.trade_id = history.trade_id
    left join last_changes on trades.trade_id = last_changes.trade_id
    left join change_times on trades.trade_id = change_times.trade_id
    union all
    select
        first_insertions.trade_id,
        first_insertions.account_id,
        first_insertions.symbol,
        change_times.created_at,
        change_times.closed_at,
        {% for column in state_columns -%}
        last_changes.{{ column }},
        {% endfor -%}
        first_insertions.batch_id as first_batch_id
    from first_insertions
    inner join last_changes on first_insertions.trade_id = last_changes.trade_id
    inner join change_times on first_insertions.trade_id = change_times.trade_id
    where first_insertions.precedence = 1
),

final as (
    select
        states.trade_id,
        accounts.sk_broker_id,
        {{ date_id('states.created_at') }} as sk_create_date_id,
        {{ time_id('states.created_at') }} as sk_create_time_id,
        {{ date_id('states.closed_at') }} as sk_close_date_id,
        {{ time_id('states.closed_at') }} as sk_close_time_id,
        states.status,
        states.type,
        states.is_cash as cash_flag,
        securities.sk_security_id,
        securities.sk_company_id,
        states.quantity,
        states.bid_price,
        accounts.sk_customer_id,
        accounts.sk_account_id,
        states.executed_by,
        states.trade_price,
        states.fee,
        states.commission,
        states.tax,
        states.first_batch_id,
        states.batch_id
    from states
    inner join accounts
        on
            states.account_id = accounts.account_id
            and cast(states.created_at as date) >= accounts.effective_date
            and cast(states.created_at as date) < accounts.end_date
    inner join securities
        on
            states.symbol = securities.symbol
            and cast(states.created_at as date) >= securities.effective_date
            and cast(states.created_at as date) < securities.end_date
)

select * from final
