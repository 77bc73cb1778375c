with account_months as (
    select * from {{ ref('fact_account_months') }}
),

customers as (
    {{ version_tokens('customer') }}
),

accounts as (
    {{ version_tokens('account') }}
),

brokers as (
    {{ version_tokens('broker') }}
),

final as (
    select
        account_months.month_id,
        accounts.sk_account_id,
        customers.sk_customer_id,
        brokers.sk_broker_id,
        account_months.cash,
        account_months.holdings_value,
        account_months.net_purchases,
        account_months.trades,
        account_months.traded_value,
        account_months.commission,
        account_months.fees,
        account_months.batch_id,
        pii_key_version() as token_key_version
    from account_months
    inner join customers on account_months.sk_customer_id = customers.real_key
    inner join accounts on account_months.sk_account_id = accounts.real_key
    inner join brokers on account_months.sk_broker_id = brokers.real_key
)

select * from final
