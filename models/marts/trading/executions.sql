{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='trade_id') }}

with prices as (
    select * from {{ ref('fact_market_history') }}
),

trades as (
    select * from {{ ref('dim_trade') }}
    where
        sk_close_date_id is not null
        -- Look at a trade again if its day's price arrives later.
        and (
            {{ is_new_batch() }}
            or sk_close_date_id >= (
                select min(prices.sk_date_id) from prices
                where {{ is_new_batch('prices.batch_id') }}
            )
        )
),

-- Prices refer to the security's version on their own day, trades to the version on the day they were created.
securities as (
    select
        sk_security_id,
        symbol,
        {{ date_id('effective_date') }} as first_day,
        {{ date_id('end_date') }} as end_day
    from {{ ref('dim_security') }}
),

-- Few trades close under another version than the one they were created under.
closing_securities as (
    select
        created.sk_security_id,
        closed.sk_security_id as closing_sk_security_id,
        closed.first_day,
        closed.end_day
    from securities as created
    inner join securities as closed on created.symbol = closed.symbol
),

placed as (
    select
        trades.*,
        closing_securities.closing_sk_security_id
    from trades
    -- A trade that closed before its security's first version keeps its row, without prices.
    left join closing_securities
        on
            trades.sk_security_id = closing_securities.sk_security_id
            and trades.sk_close_date_id >= closing_securities.first_day
            and trades.sk_close_date_id < closing_securities.end_day
),

final as (
    select
        trades.trade_id,
        {{ date_of('trades.sk_create_date_id') }} as created_on,
        {{ date_of('trades.sk_close_date_id') }} as closed_on,
        trades.status,
        trades.type,
        trades.sk_security_id,
        trades.quantity,
        trades.trade_price,
        cast(
            case when trades.status = 'Completed' then trades.quantity * coalesce(trades.trade_price, 0) else 0 end
            as decimal(18, 2)
        ) as traded_value,
        cast(coalesce(trades.fee, 0) as decimal(15, 2)) as fee,
        cast(coalesce(trades.commission, 0) as decimal(15, 2)) as commission,
        cast(coalesce(trades.tax, 0) as decimal(15, 2)) as tax,
        86400 * {{ dbt.datediff(date_of('trades.sk_create_date_id'), date_of('trades.sk_close_date_id'), 'day') }}
        + {{ seconds_of('trades.sk_close_time_id') }} - {{ seconds_of('trades.sk_create_time_id') }} as seconds_open,
        prices.day_low,
        prices.day_high,
        trades.status = 'Completed'
        and (trades.trade_price < prices.day_low or trades.trade_price > prices.day_high) as is_outside_day_range,
        greatest(trades.batch_id, coalesce(prices.batch_id, 0)) as batch_id
    from placed as trades
    left join prices
        on
            trades.closing_sk_security_id = prices.sk_security_id
            and trades.sk_close_date_id = prices.sk_date_id
)

select * from final
