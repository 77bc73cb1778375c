{%- set last_day = 'select max(sk_date_id) from ' ~ ref('fact_market_history') -%}

-- Breakouts: securities that made a 52-week high in the days up to the one asked for, and where they closed on it.
with days as (
    select
        date_value as last_day,
        {{ dbt.dateadd('day', '-' ~ parameter('days', 30), 'date_value') }} as first_day
    from {{ ref('dim_date') }}
    where sk_date_id = {{ parameter('day', last_day) }}
),

span as (
    select
        min(dates.sk_date_id) as first_day,
        max(dates.sk_date_id) as last_day
    from days
    inner join {{ ref('dim_date') }} as dates
        on days.first_day < dates.date_value and days.last_day >= dates.date_value
),

prices as (
    select
        securities.symbol,
        history.sk_date_id,
        history.close_price,
        history.fifty_two_week_high,
        history.sk_fifty_two_week_high_date,
        history.volume
    from {{ ref('fact_market_history') }} as history
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
    where
        history.sk_date_id >= (select span.first_day from span)
        and history.sk_date_id <= (select span.last_day from span)
),

final as (
    select
        symbol,
        count(case when sk_date_id = sk_fifty_two_week_high_date then 1 end) as new_highs,
        max(case when sk_date_id = sk_fifty_two_week_high_date then sk_date_id end) as last_new_high,
        max_by(close_price, sk_date_id) as close_price,
        max_by(close_price / fifty_two_week_high, sk_date_id) as nearness,
        avg(volume) as average_volume
    from prices
    group by symbol
    having count(case when sk_date_id = sk_fifty_two_week_high_date then 1 end) > 0
)

select * from final
order by new_highs desc, nearness desc, symbol asc
