-- One row per landed row: a price is that of a security in force on that day. Securities never end, so they
-- are in force from their first day on.
with prices as (
    select * from {{ ref('stg_brokerage__daily_market') }}
),

securities as (
    select
        symbol,
        min(effective_date) as first_day
    from {{ ref('dim_security') }}
    group by symbol
),

checked as (
    select
        prices.*,
        case
            when securities.symbol is null then 'unknown_security'
            when prices.market_date < securities.first_day then 'security_not_in_force'
            when prices.market_date >= {{ end_of_time() }} then 'security_not_in_force'
        end as reject_reason_code
    from prices
    left join securities on prices.symbol = securities.symbol
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_security' then 'dm_s_symb'
            when 'security_not_in_force' then 'dm_date'
        end as reject_column
    from checked
)

select * from resolved
