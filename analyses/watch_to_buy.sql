-- By month in which watches were placed: how many led to a purchase of the security by the same customer in time.
with watches as (
    select
        customers.customer_id,
        securities.symbol,
        placed.date_value as placed_on,
        placed.calendar_month_id as month
    from {{ ref('fact_watches') }} as watches
    inner join {{ ref('dim_customer') }} as customers on watches.sk_customer_id = customers.sk_customer_id
    inner join {{ ref('dim_security') }} as securities on watches.sk_security_id = securities.sk_security_id
    inner join {{ ref('dim_date') }} as placed on watches.sk_date_id_date_placed = placed.sk_date_id
),

purchases as (
    select distinct
        customers.customer_id,
        securities.symbol,
        created.date_value as bought_on
    from {{ ref('dim_trade') }} as trades
    inner join {{ ref('dim_customer') }} as customers on trades.sk_customer_id = customers.sk_customer_id
    inner join {{ ref('dim_security') }} as securities on trades.sk_security_id = securities.sk_security_id
    inner join {{ ref('dim_date') }} as created on trades.sk_create_date_id = created.sk_date_id
    where trades.type in ('Market Buy', 'Limit Buy') and trades.status = 'Completed'
),

-- Several watches of one pair on one day convert alike.
converted as (
    select distinct
        watches.customer_id,
        watches.symbol,
        watches.placed_on
    from watches
    inner join purchases
        on
            watches.customer_id = purchases.customer_id
            and watches.symbol = purchases.symbol
            and watches.placed_on <= purchases.bought_on
            and {{ dbt.dateadd('day', parameter('days', 30), 'watches.placed_on') }} >= purchases.bought_on
),

final as (
    select
        watches.month,
        count(*) as watches,
        count(converted.placed_on) as bought,
        count(converted.placed_on) * 1.0 / count(*) as conversion
    from watches
    left join converted
        on
            watches.customer_id = converted.customer_id
            and watches.symbol = converted.symbol
            and watches.placed_on = converted.placed_on
    group by watches.month
)

select * from final
order by month
