with holdings as (
    select * from {{ ref('fact_holdings') }}
),

customers as (
    {{ version_tokens('customer') }}
),

accounts as (
    {{ version_tokens('account') }}
),

final as (
    select
        holdings.trade_id,
        holdings.current_trade_id,
        customers.sk_customer_id,
        accounts.sk_account_id,
        holdings.sk_security_id,
        holdings.sk_company_id,
        holdings.sk_date_id,
        holdings.sk_time_id,
        holdings.current_price,
        holdings.current_holding,
        holdings.batch_id,
        pii_key_version() as token_key_version
    from holdings
    inner join customers on holdings.sk_customer_id = customers.real_key
    inner join accounts on holdings.sk_account_id = accounts.real_key
)

select * from final
