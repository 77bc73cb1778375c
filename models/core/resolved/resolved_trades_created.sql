-- One row per trade: it is created in a known status and of a known type, by an account and in a security that are in
-- force on that day. Accounts and securities never end, so they are in force from their first day on.
with trades as (
    select * from {{ ref('int_trades_created') }}
),

accounts as (
    select
        account_id,
        min(effective_date) as first_day,
        min(batch_id) as first_batch_id
    from {{ ref('dim_account') }}
    group by account_id
),

securities as (
    select
        symbol,
        min(effective_date) as first_day
    from {{ ref('dim_security') }}
    group by symbol
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
        case
            when status_types.status_id is null then 'unknown_status'
            when trade_types.trade_type_id is null then 'unknown_trade_type'
            when accounts.account_id is null then 'unknown_account'
            when securities.symbol is null then 'unknown_security'
            when trades.created_at is null then 'not_created'
            when cast(trades.created_at as date) < accounts.first_day then 'account_not_in_force'
            when cast(trades.created_at as date) >= {{ end_of_time() }} then 'account_not_in_force'
            when cast(trades.created_at as date) < securities.first_day then 'security_not_in_force'
        end as reject_reason_code
    from trades
    left join accounts
        on
            trades.account_id = accounts.account_id
            and trades.batch_id >= accounts.first_batch_id
    left join securities on trades.symbol = securities.symbol
    left join status_types on trades.status_id = status_types.status_id
    left join trade_types on trades.trade_type_id = trade_types.trade_type_id
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_status' then 't_st_id'
            when 'unknown_trade_type' then 't_tt_id'
            when 'unknown_account' then 't_ca_id'
            when 'unknown_security' then 't_s_symb'
            when 'not_created' then 't_id'
            when 'account_not_in_force' then 't_ca_id'
            when 'security_not_in_force' then 't_s_symb'
        end as reject_column
    from checked
)

select * from resolved
