-- One row per landed row: a state of a trade that was accepted.
with history as (
    select * from {{ ref('stg_brokerage__trade_history') }}
),

trades as (
    select * from {{ ref('resolved_trades_created') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

checked as (
    select
        history.*,
        case
            when trades.trade_id is null then 'unknown_trade'
            when trades.reject_reason_code is not null then 'rejected_trade'
            when status_types.status_id is null then 'unknown_status'
        end as reject_reason_code
    from history
    left join trades
        on
            history.trade_id = trades.trade_id
            and history.batch_id >= trades.batch_id
    left join status_types on history.status_id = status_types.status_id
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_trade' then 'th_t_id'
            when 'rejected_trade' then 'th_t_id'
            when 'unknown_status' then 'th_st_id'
        end as reject_column
    from checked
)

select * from resolved
