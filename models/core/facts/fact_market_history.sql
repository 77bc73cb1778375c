{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['sk_security_id', 'sk_date_id']
) }}

with landed_prices as (
    select * from {{ ref('resolved_daily_market') }}
    where reject_reason_code is null
),

securities as (
    select * from {{ ref('dim_security') }}
),

companies as (
    select * from {{ ref('dim_company') }}
),

first_price as (
    select min(market_date) as market_date from {{ ref('stg_brokerage__daily_market') }}
),

-- No price needs earnings from long before it.
earnings as (
    select *
    from {{ ref('earnings_trailing') }}
    where quarter_number >= (select year(first_price.market_date) * 4 from first_price)
),

{% if is_incremental() -%}
-- A new price changes its own row and every later one of the security; usually there is no later one.
affected as (
    select
        symbol,
        min(market_date) as first_day
    from landed_prices
    where batch_id > {{ loaded_through() }}
    group by symbol
),

{% endif -%}
numbered_symbols as (
    select
        symbol,
        row_number() over (order by symbol) as symbol_number
    from securities
    group by symbol
),

prices as (
    select
        landed_prices.market_date,
        {{ date_id('landed_prices.market_date') }} as sk_date_id,
        landed_prices.close_price,
        landed_prices.day_high,
        landed_prices.day_low,
        landed_prices.volume,
        landed_prices.batch_id,
        numbered_symbols.symbol_number,
        {{ 'landed_prices.market_date >= affected.first_day' if is_incremental() else 'true' }} as is_affected
    from landed_prices
    inner join numbered_symbols on landed_prices.symbol = numbered_symbols.symbol
    {% if is_incremental() %}
    inner join affected
        on
            landed_prices.symbol = affected.symbol
            and landed_prices.market_date > affected.first_day - interval 1 year
    where landed_prices.market_date > (select min(first_day) - interval 1 year from affected)
    {% endif %}
),

-- In yyyymmdd, a year less a day is 9,999 less: from 20170707 back to 20160708, and never to a date that doesn't exist.
extremes as (
    select
        *,
        max({{ packed_high('day_high', 'sk_date_id') }}) over past_year as packed_high,
        min({{ packed_low('day_low', 'sk_date_id') }}) over past_year as packed_low
    from prices
    window past_year as (
        partition by symbol_number
        order by sk_date_id
        range between 9999 preceding and current row
    )
),

security_versions as (
    select
        numbered_symbols.symbol_number,
        securities.sk_security_id,
        securities.sk_company_id,
        securities.dividend,
        securities.effective_date,
        securities.end_date,
        companies.company_id
    from securities
    inner join companies on securities.sk_company_id = companies.sk_company_id
    inner join numbered_symbols on securities.symbol = numbered_symbols.symbol
),

final as (
    select
        security_versions.sk_security_id,
        security_versions.sk_company_id,
        extremes.sk_date_id,
        cast(extremes.close_price as double) / nullif(cast(earnings.trailing_eps as double), 0) as pe_ratio,
        cast(security_versions.dividend as double) / nullif(cast(extremes.close_price as double), 0) * 100 as yield,
        {{ unpacked_price('extremes.packed_high') }} as fifty_two_week_high,
        {{ unpacked_date_id('extremes.packed_high', is_high=true) }} as sk_fifty_two_week_high_date,
        {{ unpacked_price('extremes.packed_low') }} as fifty_two_week_low,
        {{ unpacked_date_id('extremes.packed_low') }} as sk_fifty_two_week_low_date,
        extremes.close_price,
        extremes.day_high,
        extremes.day_low,
        extremes.volume,
        extremes.batch_id
    from extremes
    inner join security_versions
        on
            extremes.symbol_number = security_versions.symbol_number
            and extremes.market_date >= security_versions.effective_date
            and extremes.market_date < security_versions.end_date
    left join earnings
        on
            security_versions.company_id = earnings.company_id
            and earnings.quarter_number = year(extremes.market_date) * 4 + quarter(extremes.market_date)
    where extremes.is_affected
)

select * from final
