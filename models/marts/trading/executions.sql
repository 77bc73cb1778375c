{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='trade_id') }}

with prices as (
    select * from {{ ref('fact_market_history') }}
),

trades as (
    select * from {{ ref('dim_trade') }}
    where
        sk_close_date_id is not null
        {% if is_incremental() -%}
        -- A trade is looked at again where the price of its day comes after it.
        and (
            batch_id > {{ loaded_through() }}
            or sk_close_date_id >= (select min(prices.sk_date_id) from prices where prices.batch_id > {{ loaded_through() }})
        )
        {%- endif %}
),

securities as (
    select
        securities.sk_security_id,
        securities.symbol,
        securities.exchange_id,
        companies.industry
    from {{ ref('dim_security') }} as securities
    inner join {{ ref('dim_company') }} as companies on securities.sk_company_id = companies.sk_company_id
),

-- Prices name the version in force on their day, trades the one on the day of their creation.
ranges as (
    select
        securities.symbol,
        prices.sk_date_id,
        prices.day_low,
        prices.day_high,
        prices.batch_id
    from prices
    inner join securities on prices.sk_security_id = securities.sk_security_id
    where prices.sk_date_id >= (select min(trades.sk_close_date_id) from trades)
),

final as (
    select
        trades.trade_id,
        {{ date_of('trades.sk_create_date_id') }} as created_on,
        {{ date_of('trades.sk_close_date_id') }} as closed_on,
        trades.status,
        trades.type,
        case when trades.type in ('Market Buy', 'Limit Buy') then 'Buy' else 'Sell' end as side,
        trades.type not in ('Market Buy', 'Market Sell') as is_limit_order,
        securities.symbol,
        securities.exchange_id,
        securities.industry,
        trades.quantity,
        trades.trade_price,
        cast(
            case when trades.status = 'Completed' then trades.quantity * trades.trade_price else 0 end as decimal(18, 2)
        ) as traded_value,
        cast(coalesce(trades.fee, 0) as decimal(15, 2)) as fee,
        cast(coalesce(trades.commission, 0) as decimal(15, 2)) as commission,
        cast(coalesce(trades.tax, 0) as decimal(15, 2)) as tax,
        86400 * {{ dbt.datediff(date_of('trades.sk_create_date_id'), date_of('trades.sk_close_date_id'), 'day') }}
        + {{ seconds_of('trades.sk_close_time_id') }} - {{ seconds_of('trades.sk_create_time_id') }} as seconds_open,
        ranges.day_low,
        ranges.day_high,
        trades.status = 'Completed'
        and (trades.trade_price < ranges.day_low or trades.trade_price > ranges.day_high) as is_outside_day_range,
        greatest(trades.batch_id, coalesce(ranges.batch_id, 0)) as batch_id
    from trades
    inner join securities on trades.sk_security_id = securities.sk_security_id
    left join ranges
        on
            securities.symbol = ranges.symbol
            and trades.sk_close_date_id = ranges.sk_date_id
)

select * from final
