-- What each account holds now, lots taken together, at the last price of each security.
with lots as (
    select * from {{ ref('lots') }}
    where closing_trade_id is null
),

owners as (
    select
        trades.trade_id,
        accounts.account_id,
        customers.customer_id
    from lots
    inner join {{ ref('dim_trade') }} as trades on lots.opening_trade_id = trades.trade_id
    inner join {{ ref('dim_account') }} as accounts on trades.sk_account_id = accounts.sk_account_id
    inner join {{ ref('dim_customer') }} as customers on trades.sk_customer_id = customers.sk_customer_id
),

securities as (
    select * from {{ ref('security_performance') }}
),

held as (
    select
        owners.account_id,
        owners.customer_id,
        lots.symbol,
        sum(case when lots.direction = 'Long' then lots.quantity else -lots.quantity end) as quantity,
        sum(lots.cost) as cost,
        min(lots.opened_on) as held_since,
        max(lots.batch_id) as batch_id
    from lots
    inner join (select distinct * from owners) as owners on lots.opening_trade_id = owners.trade_id
    group by owners.account_id, owners.customer_id, lots.symbol
),

final as (
    select
        pii_key('account', held.account_id) as account_id,
        pii_key('customer', held.customer_id) as customer_id,
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
