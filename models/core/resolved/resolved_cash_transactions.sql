-- One row per landed row: cash moves in an account that is in force on that day. Accounts never end, so from their first
-- day on they are in force.
with transactions as (
    select * from {{ ref('stg_brokerage__cash_transaction') }}
),

accounts as (
    select
        account_id,
        min(effective_date) as first_day
    from {{ ref('dim_account') }}
    group by account_id
),

checked as (
    select
        transactions.*,
        cast(transactions.transacted_at as date) as cash_date,
        case
            when accounts.account_id is null then 'unknown_account'
            when cast(transactions.transacted_at as date) < accounts.first_day then 'account_not_in_force'
        end as reject_reason_code
    from transactions
    left join accounts on transactions.account_id = accounts.account_id
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_account' then 'ct_ca_id'
            when 'account_not_in_force' then 'ct_dts'
        end as reject_column
    from checked
)

select * from resolved
