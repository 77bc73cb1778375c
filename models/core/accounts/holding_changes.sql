-- What each closed trade did to the holdings that it changed. Open trades have not changed any yet.
with holdings as (
    select
        *,
        current_holding - lag(current_holding, 1, 0) over (
            partition by trade_id
            order by sk_date_id, sk_time_id, current_trade_id
        ) as quantity_change
    from {{ ref('fact_holdings') }}
    where sk_date_id is not null
),

final as (
    select
        holdings.trade_id,
        holdings.current_trade_id,
        accounts.account_id,
        securities.symbol,
        holdings.sk_date_id,
        holdings.sk_time_id,
        holdings.quantity_change,
        cast(coalesce(holdings.current_price, 0) as decimal(15, 2)) as price,
        holdings.batch_id
    from holdings
    inner join {{ ref('dim_account') }} as accounts on holdings.sk_account_id = accounts.sk_account_id
    inner join {{ ref('dim_security') }} as securities on holdings.sk_security_id = securities.sk_security_id
)

select * from final
