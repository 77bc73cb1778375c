{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['sk_account_id', 'sk_date_id']
) }}

with transactions as (
    select * from {{ ref('resolved_cash_transactions') }}
    where reject_reason_code is null
),

accounts as (
    select * from {{ ref('dim_account') }}
),

{% if is_incremental() -%}
-- From its first new day on, an account's balances are computed again.
affected as (
    select
        account_id,
        min(cash_date) as first_day
    from transactions
    where batch_id > {{ loaded_through() }}
    group by account_id
),

{% endif -%}
days as (
    select
        account_id,
        cash_date,
        sum(amount) as amount,
        min(batch_id) as first_batch_id,
        max(batch_id) as batch_id
    from transactions
    {% if is_incremental() %}
    where account_id in (select account_id from affected)
    {% endif %}
    group by account_id, cash_date
),

balances as (
    select
        account_id,
        cash_date,
        first_batch_id,
        sum(amount) over history as cash,
        max(batch_id) over history as batch_id
    from days
    window history as (
        partition by account_id
        order by cash_date
        rows between unbounded preceding and current row
    )
),

final as (
    select
        accounts.sk_customer_id,
        accounts.sk_account_id,
        {{ date_id('balances.cash_date') }} as sk_date_id,
        cast(balances.cash as decimal(18, 2)) as cash,
        balances.first_batch_id,
        balances.batch_id
    from balances
    inner join accounts
        on
            balances.account_id = accounts.account_id
            and balances.cash_date >= accounts.effective_date
            and balances.cash_date < accounts.end_date
    {% if is_incremental() %}
    inner join affected
        on
            balances.account_id = affected.account_id
            and balances.cash_date >= affected.first_day
    {% endif %}
)

select * from final
