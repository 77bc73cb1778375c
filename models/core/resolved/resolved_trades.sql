-- One row per landed row: a trade is accepted as a whole, if the row that creates it can be.
with trades as (
    select * from {{ ref('stg_brokerage__trade') }}
),

creations as (
    select * from {{ ref('resolved_trades_created') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

trade_types as (
    select * from {{ ref('stg_reference__trade_type') }}
),

checked as (
    select
        trades.*,
        status_types.status_name as status,
        trade_types.trade_type_name as type,
        creations.account_id as created_account_id,
        creations.symbol as created_symbol,
        creations.created_at,
        creations.closed_at as first_closed_at,
        creations.batch_id as first_batch_id,
        case
            when status_types.status_id is null then 'unknown_status'
            when trade_types.trade_type_id is null then 'unknown_trade_type'
            when creations.trade_id is null then 'not_created'
            -- This row has a known status and type itself, so neither may be given as the reason.
            when creations.reject_reason_code in ('unknown_status', 'unknown_trade_type') then 'rejected_trade'
            when creations.reject_reason_code is not null then creations.reject_reason_code
            when
                trades.cdc_flag = 'I'
                and (trades.batch_id > creations.batch_id or trades.changed_at <> creations.created_at)
                then 'already_created'
        end as reject_reason_code,
        creations.reject_column as creation_reject_column
    from trades
    left join creations
        on
            trades.trade_id = creations.trade_id
            and trades.batch_id >= creations.batch_id
    left join status_types on trades.status_id = status_types.status_id
    left join trade_types on trades.trade_type_id = trade_types.trade_type_id
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_status' then 't_st_id'
            when 'unknown_trade_type' then 't_tt_id'
            when 'not_created' then 't_id'
            when 'rejected_trade' then 't_id'
            when 'already_created' then 't_id'
            else creation_reject_column
        end as reject_column
    from checked
)

select * from resolved
