with trades as (
    select * from {{ ref('dim_trade') }}
),

brokers as (
    {{ version_tokens('broker') }}
),

customers as (
    {{ version_tokens('customer') }}
),

accounts as (
    {{ version_tokens('account') }}
),

final as (
    select
        trades.trade_id,
        brokers.sk_broker_id,
        trades.sk_create_date_id,
        trades.sk_create_time_id,
        trades.sk_close_date_id,
        trades.sk_close_time_id,
        trades.status,
        trades.type,
        trades.cash_flag,
        trades.sk_security_id,
        trades.sk_company_id,
        trades.quantity,
        trades.bid_price,
        customers.sk_customer_id,
        accounts.sk_account_id,
        trades.trade_price,
        trades.fee,
        trades.commission,
        trades.tax,
        trades.first_batch_id,
        trades.batch_id,
        pii_key_version() as token_key_version
    from trades
    inner join brokers on trades.sk_broker_id = brokers.real_key
    inner join customers on trades.sk_customer_id = customers.real_key
    inner join accounts on trades.sk_account_id = accounts.real_key
)

select * from final
