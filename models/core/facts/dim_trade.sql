{%- set state_columns = [
    'status', 'type', 'is_cash', 'quantity', 'bid_price', 'executed_by', 'trade_price', 'fee', 'commission',
    'tax', 'batch_id'
] -%}
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='trade_id') }}

{%- set of_affected_trades = 'true' -%}
{%- if is_incremental() -%}
    {%- set of_affected_trades = 'trade_id in (
        select landed.trade_id from ' ~ ref('stg_brokerage__trade') ~ ' as landed
        where ' ~ is_new_batch('landed.batch_id') ~ '
    )' -%}
{%- endif -%}

-- depends_on: {{ ref('stg_brokerage__trade') }}
-- Batch 1 and later batches are read separately: later batches are small, and only they need sorting.
with first_trades as (
    select * from {{ ref('resolved_trades') }}
    where
        reject_reason_code is null
        and batch_id = 1
        and {{ of_affected_trades }}
),

changes as (
    select
        *,
        max(case when status_id in ('CMPT', 'CNCL') then changed_at end) over (partition by trade_id) as closed_at,
        row_number() over (partition by trade_id order by batch_id desc, cdc_dsn desc) as recency
    from {{ ref('resolved_trades') }}
    where
        reject_reason_code is null
        and batch_id > 1
        and {{ of_affected_trades }}
),

last_changes as (
    select * from changes
    where recency = 1
),

accounts as (
    select * from {{ ref('dim_account') }}
),

securities as (
    select * from {{ ref('dim_security') }}
),

-- A trade as it is now, with its values at creation. Nearly all trades are of batch 1 and never change.
states as (
    select
        trades.trade_id,
        trades.created_account_id as account_id,
        trades.created_symbol as symbol,
        trades.created_at,
        coalesce(last_changes.closed_at, trades.first_closed_at) as closed_at,
        {% for column in state_columns -%}
        case
            when last_changes.trade_id is null then trades.{{ column }}
            else last_changes.{{ column }}
        end as {{ column }},
        {% endfor -%}
        trades.first_batch_id
    from first_trades as trades
    left join last_changes on trades.trade_id = last_changes.trade_id
    union all
    select
        trade_id,
        created_account_id as account_id,
        created_symbol as symbol,
        created_at,
        closed_at,
        {% for column in state_columns -%}
        {{ column }},
        {% endfor -%}
        first_batch_id
    from last_changes
    where first_batch_id > 1
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
