-- First in, first out: the n-th share bought is the n-th share sold, of one account and security. Purchases and sales
-- are laid side by side by share number, and split wherever one of either ends; each piece has at most one
-- purchase and one sale. Shares that were sold before they were bought are a short lot, opened by the sale.
with changes as (
    select
        account_id,
        symbol,
        current_trade_id as trade_id,
        quantity_change > 0 as is_purchase,
        min(sk_date_id) as sk_date_id,
        min(sk_time_id) as sk_time_id,
        min(price) as price,
        sum(abs(quantity_change)) as quantity,
        max(batch_id) as batch_id
    from {{ ref('holding_changes') }}
    where quantity_change <> 0
    group by account_id, symbol, current_trade_id, quantity_change > 0
),

numbered as (
    select
        *,
        row_number() over earlier as place,
        sum(quantity) over earlier as last_share
    from changes
    window earlier as (
        partition by account_id, symbol, is_purchase
        order by sk_date_id, sk_time_id, trade_id
        rows between unbounded preceding and current row
    )
),

cuts as (
    select
        account_id,
        symbol,
        last_share,
        max(case when is_purchase then 1 else 0 end) as purchases,
        max(case when is_purchase then 0 else 1 end) as sales
    from numbered
    group by account_id, symbol, last_share
),

pieces as (
    select
        account_id,
        symbol,
        last_share - lag(last_share, 1, 0) over along as quantity,
        sum(purchases) over along + 1 - purchases as purchase_place,
        sum(sales) over along + 1 - sales as sale_place
    from cuts
    window along as (partition by account_id, symbol order by last_share)
),

matched as (
    select
        pieces.quantity,
        pieces.symbol,
        purchases.trade_id as purchase_trade_id,
        purchases.price as purchase_price,
        purchases.sk_date_id as purchase_date_id,
        sales.trade_id as sale_trade_id,
        sales.price as sale_price,
        sales.sk_date_id as sale_date_id,
        -- A sale on its own, or one that came before the purchase it is matched with, opened a short lot.
        purchases.trade_id is null
        or coalesce(
            sales.sk_date_id < purchases.sk_date_id
            or (sales.sk_date_id = purchases.sk_date_id and sales.sk_time_id < purchases.sk_time_id)
            or (
                sales.sk_date_id = purchases.sk_date_id
                and sales.sk_time_id = purchases.sk_time_id
                and sales.trade_id < purchases.trade_id
            ),
            false
        ) as is_short,
        greatest(coalesce(purchases.batch_id, 0), coalesce(sales.batch_id, 0)) as batch_id
    from pieces
    left join numbered as purchases
        on
            pieces.account_id = purchases.account_id
            and pieces.symbol = purchases.symbol
            and pieces.purchase_place = purchases.place
            and purchases.is_purchase
    left join numbered as sales
        on
            pieces.account_id = sales.account_id
            and pieces.symbol = sales.symbol
            and pieces.sale_place = sales.place
            and not sales.is_purchase
),

-- Of shares sold short, the proceeds come before the cost. Sail 0.7 takes -price for a decimal of another
-- scale, hence 0 - price.
directed as (
    select
        symbol,
        quantity,
        case when is_short then 'Short' else 'Long' end as direction,
        case when is_short then sale_trade_id else purchase_trade_id end as opening_trade_id,
        case when is_short then purchase_trade_id else sale_trade_id end as closing_trade_id,
        case when is_short then sale_date_id else purchase_date_id end as opening_date_id,
        case when is_short then purchase_date_id else sale_date_id end as closing_date_id,
        case when is_short then 0 - sale_price else purchase_price end as opening_price,
        case when is_short then 0 - purchase_price else sale_price end as closing_price,
        batch_id
    from matched
),

final as (
    select
        opening_trade_id,
        closing_trade_id,
        symbol,
        direction,
        cast(quantity as bigint) as quantity,
        {{ date_of('opening_date_id') }} as opened_on,
        coalesce({{ date_of('closing_date_id') }}, {{ end_of_time() }}) as closed_on,
        cast(quantity * opening_price as decimal(18, 2)) as cost,
        cast(quantity * closing_price as decimal(18, 2)) as proceeds,
        cast(quantity * (closing_price - opening_price) as decimal(18, 2)) as realised_gain,
        batch_id
    from directed
)

select * from final
