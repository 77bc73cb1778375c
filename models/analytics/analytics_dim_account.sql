with accounts as (
    select * from {{ ref('dim_account') }}
),

final as (
    select
        pii_key('account_version', sk_account_id) as sk_account_id,
        pii_key('account', account_id) as account_id,
        pii_key('broker_version', sk_broker_id) as sk_broker_id,
        pii_key('customer_version', sk_customer_id) as sk_customer_id,
        status,
        tax_status,
        is_current,
        batch_id,
        effective_date,
        end_date,
        pii_key_version() as token_key_version
    from accounts
)

select * from final
