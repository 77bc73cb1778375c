-- Keys are made into tokens once a member of a dimension, not once a row.
with balances as (
    select * from {{ ref('fact_cash_balances') }}
),

customers as (
    select
        sk_customer_id as real_key,
        pii_key('customer_version', sk_customer_id) as sk_customer_id
    from {{ ref('dim_customer') }}
),

accounts as (
    select
        sk_account_id as real_key,
        pii_key('account_version', sk_account_id) as sk_account_id
    from {{ ref('dim_account') }}
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
