-- What moved in an account in a month: shares that trades added or removed, and trades that were completed.
with moves as (
    select
        account_id,
        sk_date_id,
        quantity_change * price as net_purchases,
        0 as trades,
        0 as traded_value,
        0 as commission,
        0 as fees,
        batch_id as first_batch_id,
        batch_id
    from {{ ref('holding_changes') }}
    union all
    select
        accounts.account_id,
        trades.sk_close_date_id as sk_date_id,
        0 as net_purchases,
        1 as trades,
        trades.quantity * coalesce(trades.trade_price, 0) as traded_value,
        coalesce(trades.commission, 0) as commission,
        coalesce(trades.fee, 0) as fees,
        trades.first_batch_id,
        trades.batch_id
    from {{ ref('dim_trade') }} as trades
    inner join {{ ref('dim_account') }} as accounts on trades.sk_account_id = accounts.sk_account_id
    where
        trades.status = 'Completed'
        and trades.sk_close_date_id is not null
),

final as (
    select
        account_id,
        {{ month_id('sk_date_id') }} as month_id,
        max(sk_date_id) as last_date_id,
        cast(sum(net_purchases) as decimal(18, 2)) as net_purchases,
        cast(sum(trades) as integer) as trades,
        cast(sum(traded_value) as decimal(18, 2)) as traded_value,
        cast(sum(commission) as decimal(18, 2)) as commission,
        cast(sum(fees) as decimal(18, 2)) as fees,
        min(first_batch_id) as first_batch_id,
        max(batch_id) as batch_id
    from moves
    group by account_id, {{ month_id('sk_date_id') }}
)

select * from final
