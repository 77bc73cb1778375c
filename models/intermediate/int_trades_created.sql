{{ config(materialized='incremental', incremental_strategy='append') }}

-- One row per trade, with the row that creates it: in batch 1 the trade's own, in later batches its first insertion.
with trade_types as (
    select * from {{ ref('stg_reference__trade_type') }}
),

history as (
    select
        trade_id,
        min(case when status_id = 'SBMT' then changed_at end) as submitted_at,
        min(case when status_id = 'PNDG' then changed_at end) as pending_at,
        max(case when status_id in ('CMPT', 'CNCL') then changed_at end) as closed_at
    from {{ ref('stg_brokerage__trade_history') }}
    where {{ is_new_batch() }}
    group by trade_id
),

first_trades as (
    select
        trades.trade_id,
        trades.account_id,
        trades.symbol,
        trades.status_id,
        trades.trade_type_id,
        case
            when trade_types.is_market_order then coalesce(history.submitted_at, history.pending_at)
            else coalesce(history.pending_at, history.submitted_at)
        end as created_at,
        history.closed_at,
        trades.batch_id
    from {{ ref('stg_brokerage__trade') }} as trades
    left join trade_types on trades.trade_type_id = trade_types.trade_type_id
    left join history on trades.trade_id = history.trade_id
    where
        trades.batch_id = 1
        and {{ is_new_batch('trades.batch_id') }}
),

insertions as (
    select
        *,
        row_number() over (partition by trade_id order by batch_id, cdc_dsn) as precedence
    from {{ ref('stg_brokerage__trade') }}
    where
        batch_id > 1
        and cdc_flag = 'I'
        and {{ is_new_batch() }}
),

later_trades as (
    select
        insertions.trade_id,
        insertions.account_id,
        insertions.symbol,
        insertions.status_id,
        insertions.trade_type_id,
        insertions.changed_at as created_at,
        cast(null as timestamp) as closed_at,
        insertions.batch_id
    from insertions
    left join {{ this if is_incremental() else 'first_trades' }} as known_trades
        on insertions.trade_id = known_trades.trade_id
    where
        insertions.precedence = 1
        and known_trades.trade_id is null
),

final as (
    select * from first_trades
    union all
    select * from later_trades
)

select * from final
