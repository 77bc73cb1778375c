{%- set newest = 'select max(trade_id) from ' ~ ref('dim_trade') -%}

with trades as (
    select * from {{ ref('dim_trade') }}
    where trade_id = {{ parameter('trade_id', newest) }}
),

final as (
    select
        trades.trade_id,
        trades.type,
        trades.status,
        trades.sk_create_date_id,
        trades.sk_create_time_id,
        trades.sk_close_date_id,
        trades.sk_close_time_id,
        securities.symbol,
        companies.name as company,
        trades.quantity,
        trades.bid_price,
        trades.trade_price,
        trades.fee,
        trades.commission,
        trades.tax,
        customers.customer_id,
        accounts.account_id,
        brokers.broker_id
    from trades
    inner join {{ ref('dim_security') }} as securities on trades.sk_security_id = securities.sk_security_id
    inner join {{ ref('dim_company') }} as companies on trades.sk_company_id = companies.sk_company_id
    inner join {{ ref('dim_customer') }} as customers on trades.sk_customer_id = customers.sk_customer_id
    inner join {{ ref('dim_account') }} as accounts on trades.sk_account_id = accounts.sk_account_id
    inner join {{ ref('dim_broker') }} as brokers on trades.sk_broker_id = brokers.sk_broker_id
)

select * from final
