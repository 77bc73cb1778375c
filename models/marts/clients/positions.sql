{{ config(materialized='view') }}

-- What each account holds now, lots taken together, at the last price of each security.
with lots as (
    select * from {{ ref('lots') }}
    where closing_trade_id is null
),

-- Keys are made into tokens once a member of a dimension, not once a row.
current_accounts as (
    select
        accounts.account_id,
        pii_key('account', accounts.account_id) as account_token,
        pii_key('customer', customers.customer_id) as customer_token
    from {{ ref('dim_account') }} as accounts
    inner join {{ ref('dim_customer') }} as customers on accounts.sk_customer_id = customers.sk_customer_id
    where accounts.is_current
),

-- A share belongs to the account's current owner, whoever bought it.
owners as (
    select
        versions.sk_account_id,
        current_accounts.account_token,
        current_accounts.customer_token
    from {{ ref('dim_account') }} as versions
    inner join current_accounts on versions.account_id = current_accounts.account_id
),

securities as (
    select * from {{ ref('security_performance') }}
),

held as (
    select
        owners.account_token,
        owners.customer_token,
        lots.symbol,
        sum(case when lots.direction = 'Long' then lots.quantity else -lots.quantity end) as quantity,
        sum(lots.cost) as cost,
        min(lots.opened_on) as held_since,
        max(lots.batch_id) as batch_id
    from lots
    inner join {{ ref('dim_trade') }} as trades on lots.opening_trade_id = trades.trade_id
    inner join owners on trades.sk_account_id = owners.sk_account_id
    group by owners.account_token, owners.customer_token, lots.symbol
),

final as (
    select
        held.account_token as account_id,
        held.customer_token as customer_id,
        held.symbol,
        securities.industry,
        cast(held.quantity as bigint) as quantity,
        cast(held.cost as decimal(18, 2)) as cost,
        securities.close_price,
        securities.priced_on,
        cast(held.quantity * coalesce(securities.close_price, 0) as decimal(18, 2)) as market_value,
        cast(held.quantity * coalesce(securities.close_price, 0) - held.cost as decimal(18, 2)) as unrealised_gain,
        held.held_since,
        pii_key_version() as token_key_version,
        greatest(held.batch_id, coalesce(securities.batch_id, 0)) as batch_id
    from held
    left join securities on held.symbol = securities.symbol
)

select * from final
