{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['sk_account_id', 'sk_date_id']
) }}

with transactions as (
    select * from {{ ref('resolved_cash_transactions') }}
    where reject_reason_code is null
),

{% if is_incremental() -%}
-- Recompute an account's balances from its first new day on.
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
        sk_date_id,
        sk_account_id,
        sk_customer_id,
        sum(amount) as amount,
        min(batch_id) as first_batch_id,
        max(batch_id) as batch_id
    from transactions
    {% if is_incremental() %}
    where account_id in (select account_id from affected)
    {% endif %}
    group by account_id, cash_date, sk_date_id, sk_account_id, sk_customer_id
),

balances as (
    select
        account_id,
        cash_date,
        sk_date_id,
        sk_account_id,
        sk_customer_id,
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
        balances.sk_customer_id,
        balances.sk_account_id,
        balances.sk_date_id,
        cast(balances.cash as decimal(18, 2)) as cash,
        balances.first_batch_id,
        balances.batch_id
    from balances
    {% if is_incremental() %}
    inner join affected
        on
            balances.account_id = affected.account_id
            and balances.cash_date >= affected.first_day
    {% endif %}
)

select * from final
