{{ config(
    meta={
        'dimension': 'integrity',
        'model': 'fact_holdings',
        'reason': 'Otherwise a holding could show a customer, account, security or time that its trade does not have.',
    }
) }}
{{ never_stops_the_load() }}

select facts.*
from {{ ref('fact_holdings') }} as facts
left join {{ ref('dim_trade') }} as trades on facts.current_trade_id = trades.trade_id
left join {{ ref('dim_trade') }} as opening_trades on facts.trade_id = opening_trades.trade_id
left join {{ ref('dim_date') }} as days on facts.sk_date_id = days.sk_date_id
left join {{ ref('dim_time') }} as times on facts.sk_time_id = times.sk_time_id
where
    trades.trade_id is null
    or opening_trades.trade_id is null
    or days.sk_date_id is null
    or times.sk_time_id is null
    or facts.sk_customer_id <> trades.sk_customer_id
    or facts.sk_account_id <> trades.sk_account_id
    or facts.sk_security_id <> trades.sk_security_id
    or facts.sk_company_id <> trades.sk_company_id
