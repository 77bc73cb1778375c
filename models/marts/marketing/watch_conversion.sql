{{ config(materialized='view') }}

-- A watch has led to a purchase where its customer buys the security within 30 days of placing it.
with watches as (
    select
        watches.sk_date_id_date_placed,
        watches.sk_date_id_date_removed,
        watches.batch_id,
        customers.customer_id,
        securities.symbol,
        companies.industry
    from {{ ref('fact_watches') }} as watches
    inner join {{ ref('dim_customer') }} as customers on watches.sk_customer_id = customers.sk_customer_id
    inner join {{ ref('dim_security') }} as securities on watches.sk_security_id = securities.sk_security_id
    inner join {{ ref('dim_company') }} as companies on securities.sk_company_id = companies.sk_company_id
),

purchases as (
    select
        customers.customer_id,
        securities.symbol,
        trades.sk_create_date_id
    from {{ ref('dim_trade') }} as trades
    inner join {{ ref('dim_customer') }} as customers on trades.sk_customer_id = customers.sk_customer_id
    inner join {{ ref('dim_security') }} as securities on trades.sk_security_id = securities.sk_security_id
    where trades.status = 'Completed' and trades.type in ('Market Buy', 'Limit Buy')
),

-- Of each watch, the first purchase after it.
bought as (
    select
        watches.customer_id,
        watches.symbol,
        watches.sk_date_id_date_placed,
        {{ dbt.datediff(
            date_of('watches.sk_date_id_date_placed'), date_of('min(purchases.sk_create_date_id)'), 'day'
        ) }} as days_to_purchase
    from watches
    inner join purchases
        on
            watches.customer_id = purchases.customer_id
            and watches.symbol = purchases.symbol
            and watches.sk_date_id_date_placed <= purchases.sk_create_date_id
    group by watches.customer_id, watches.symbol, watches.sk_date_id_date_placed
),

final as (
    select
        {{ month_id('watches.sk_date_id_date_placed') }} as month_id,
        {{ date_of(month_id('watches.sk_date_id_date_placed') ~ ' * 100 + 1') }} as month,
        watches.industry,
        cast(count(*) as integer) as watches,
        cast(sum(case when watches.sk_date_id_date_removed is null then 0 else 1 end) as integer) as removed,
        cast(sum(case when bought.days_to_purchase <= 30 then 1 else 0 end) as integer) as bought_in_30_days,
        max(watches.batch_id) as batch_id
    from watches
    left join bought
        on
            watches.customer_id = bought.customer_id
            and watches.symbol = bought.symbol
            and watches.sk_date_id_date_placed = bought.sk_date_id_date_placed
    group by {{ month_id('watches.sk_date_id_date_placed') }}, watches.industry
)

select * from final
