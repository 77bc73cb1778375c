with balances as (
    select * from {{ ref('fact_cash_balances') }}
),

customers as (
    {{ version_tokens('customer') }}
),

accounts as (
    {{ version_tokens('account') }}
),

final as (
    select
        customers.sk_customer_id,
        accounts.sk_account_id,
        balances.sk_date_id,
        balances.cash,
        balances.first_batch_id,
        balances.batch_id,
        pii_key_version() as token_key_version
    from balances
    inner join customers on balances.sk_customer_id = customers.real_key
    inner join accounts on balances.sk_account_id = accounts.real_key
)

select * from final
