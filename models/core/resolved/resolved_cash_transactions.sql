-- One row per landed row: cash moves in an account of this batch or an earlier one that is in force on that day.
-- Accounts never end, so they are in force from their first day on.
with transactions as (
    select * from {{ ref('stg_brokerage__cash_transaction') }}
),

versions as (
    select * from {{ ref('dim_account') }}
),

accounts as (
    select
        account_id,
        min(effective_date) as first_day,
        min(batch_id) as first_batch_id
    from {{ ref('dim_account') }}
    group by account_id
),

checked as (
    select
        transactions.*,
        cast(transactions.transacted_at as date) as cash_date,
        {{ date_id('transactions.transacted_at') }} as sk_date_id,
        versions.sk_account_id,
        versions.sk_customer_id,
        case
            when accounts.account_id is null then 'unknown_account'
            when cast(transactions.transacted_at as date) < accounts.first_day then 'account_not_in_force'
            when cast(transactions.transacted_at as date) >= {{ end_of_time() }} then 'account_not_in_force'
        end as reject_reason_code
    from transactions
    left join accounts
        on
            transactions.account_id = accounts.account_id
            and transactions.batch_id >= accounts.first_batch_id
    left join versions
        on
            transactions.account_id = versions.account_id
            and cast(transactions.transacted_at as date) >= versions.effective_date
            and cast(transactions.transacted_at as date) < versions.end_date
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
