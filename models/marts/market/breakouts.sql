{{ config(materialized='view') }}

-- A high or low that is the first of its year on its own day. In a security's first year, every high is one.
with history as (
    select * from {{ ref('fact_market_history') }}
    where sk_fifty_two_week_high_date = sk_date_id or sk_fifty_two_week_low_date = sk_date_id
),

first_days as (
    select
        securities.symbol,
        min(prices.sk_date_id) as sk_date_id
    from {{ ref('fact_market_history') }} as prices
    inner join {{ ref('dim_security') }} as securities on prices.sk_security_id = securities.sk_security_id
    group by securities.symbol
),

final as (
    select
        securities.symbol,
        {{ date_of('history.sk_date_id') }} as day,
        case when history.sk_fifty_two_week_high_date = history.sk_date_id then 'High' else 'Low' end as direction,
        companies.industry,
        history.close_price,
        history.volume,
        history.batch_id
    from history
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
    inner join {{ ref('dim_company') }} as companies on securities.sk_company_id = companies.sk_company_id
    inner join first_days on securities.symbol = first_days.symbol
    -- A year is 10,000 days in yyyymmdd.
    where history.sk_date_id - 10000 >= first_days.sk_date_id
)

select * from final
