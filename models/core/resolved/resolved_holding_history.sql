-- One row per landed row: a holding is changed by a trade, and was opened by one, of this batch or an earlier one.
with changes as (
    select * from {{ ref('stg_brokerage__holding_history') }}
),

trades as (
    select * from {{ ref('dim_trade') }}
),

-- Read separately: a CTE that is used twice is materialised in memory.
opening_trades as (
    select
        trade_id,
        first_batch_id
    from {{ ref('dim_trade') }}
),

checked as (
    select
        changes.*,
        trades.sk_customer_id,
        trades.sk_account_id,
        trades.sk_security_id,
        trades.sk_company_id,
        trades.sk_close_date_id,
        trades.sk_close_time_id,
        trades.trade_price,
        case
            when trades.trade_id is null then 'unknown_trade'
            when opening_trades.trade_id is null then 'unknown_opening_trade'
        end as reject_reason_code
    from changes
    left join trades
        on
            changes.trade_id = trades.trade_id
            and changes.batch_id >= trades.first_batch_id
    left join opening_trades
        on
            changes.opening_trade_id = opening_trades.trade_id
            and changes.batch_id >= opening_trades.first_batch_id
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_trade' then 'hh_t_id'
            when 'unknown_opening_trade' then 'hh_h_t_id'
        end as reject_column
    from checked
)

select * from resolved
