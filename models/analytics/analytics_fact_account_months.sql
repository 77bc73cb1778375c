-- Keys are made into tokens once a member of a dimension, not once a row.
with account_months as (
    select * from {{ ref('fact_account_months') }}
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

brokers as (
    select
        sk_broker_id as real_key,
        pii_key('broker_version', sk_broker_id) as sk_broker_id
    from {{ ref('dim_broker') }}
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
