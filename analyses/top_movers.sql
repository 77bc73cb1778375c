{%- set last_day = 'select max(sk_date_id) from ' ~ ref('fact_market_history') -%}

with asked as (
    select {{ parameter('day', last_day) }} as sk_date_id
),

days as (
    select max(sk_date_id) as sk_date_id
    from {{ ref('fact_market_history') }}
    where sk_date_id < (select asked.sk_date_id from asked)
    union all
    select sk_date_id from asked
),

-- Two days of one security may lie in two of its versions: its symbol is what stays.
prices as (
    select
        securities.symbol,
        securities.name,
        history.sk_date_id,
        history.close_price,
        history.volume
    from {{ ref('fact_market_history') }} as history
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
    where history.sk_date_id in (select days.sk_date_id from days)
),

moves as (
    select
        now.symbol,
        now.name,
        now.sk_date_id,
        before.close_price as close_price_before,
        now.close_price,
        now.volume,
        now.close_price / before.close_price - 1 as change
    from asked
    inner join prices as now on asked.sk_date_id = now.sk_date_id
    inner join prices as before on now.symbol = before.symbol and now.sk_date_id > before.sk_date_id
    where before.close_price > 0
),

ranked as (
    select
        *,
        row_number() over (order by change desc, symbol asc) as from_top,
        row_number() over (order by change, symbol) as from_bottom
    from moves
),

final as (
    select
        symbol,
        name,
        sk_date_id,
        close_price_before,
        close_price,
        change,
        volume
    from ranked
    where from_top <= {{ parameter('movers', 10) }} or from_bottom <= {{ parameter('movers', 10) }}
)

select * from final
order by change desc, symbol asc
