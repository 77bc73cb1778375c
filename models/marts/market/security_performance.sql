-- Prices are looked at by calendar: a year ago is the last price on or before that day, wherever holidays fall.
with prices as (
    select
        securities.symbol,
        history.sk_date_id,
        history.close_price,
        history.volume,
        history.pe_ratio,
        history.yield,
        history.fifty_two_week_high,
        history.fifty_two_week_low,
        history.batch_id
    from {{ ref('fact_market_history') }} as history
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
    where
        history.sk_date_id > (
            select {{ date_id("cast(" ~ date_of('max(sk_date_id)') ~ " as date) - interval '400' day") }}
            from {{ ref('fact_market_history') }}
        )
),

last_days as (
    select
        symbol,
        max(sk_date_id) as sk_date_id
    from prices
    group by symbol
),

-- The same weekday of the month, quarter and year before.
marks as (
    select
        symbol,
        sk_date_id,
        {{ date_id(date_of('sk_date_id') ~ " - interval '1' month") }} as month_ago,
        {{ date_id(date_of('sk_date_id') ~ " - interval '3' month") }} as quarter_ago,
        {{ date_id(date_of('sk_date_id') ~ " - interval '1' year") }} as year_ago
    from last_days
),

changes as (
    select
        prices.*,
        marks.sk_date_id as last_date_id,
        marks.month_ago,
        marks.quarter_ago,
        marks.year_ago,
        ln(
            cast(prices.close_price as double)
            / lag(cast(prices.close_price as double)) over (partition by prices.symbol order by prices.sk_date_id)
        ) as log_return
    from prices
    inner join marks on prices.symbol = marks.symbol
    where prices.close_price > 0
),

summed as (
    select
        symbol,
        max(sk_date_id) as last_date_id,
        {{ latest_by('close_price', 'sk_date_id') }} as close_price,
        {{ latest_by('pe_ratio', 'sk_date_id') }} as pe_ratio,
        {{ latest_by('yield', 'sk_date_id') }} as yield,
        {{ latest_by('fifty_two_week_high', 'sk_date_id') }} as fifty_two_week_high,
        {{ latest_by('fifty_two_week_low', 'sk_date_id') }} as fifty_two_week_low,
        {{ latest_by('case when sk_date_id <= month_ago then close_price end', 'case when sk_date_id <= month_ago then sk_date_id end') }}
        as close_month_ago,
        {{ latest_by('case when sk_date_id <= quarter_ago then close_price end', 'case when sk_date_id <= quarter_ago then sk_date_id end') }}
        as close_quarter_ago,
        {{ latest_by('case when sk_date_id <= year_ago then close_price end', 'case when sk_date_id <= year_ago then sk_date_id end') }}
        as close_year_ago,
        round(stddev_samp(case when sk_date_id > year_ago then log_return end) * sqrt(252), 6) as volatility,
        cast(avg(case when sk_date_id > month_ago then volume end) as bigint) as average_volume,
        max(batch_id) as batch_id
    from changes
    group by symbol
),

securities as (
    select
        securities.symbol,
        securities.name,
        securities.exchange_id,
        securities.shares_outstanding,
        companies.industry,
        companies.name as company
    from {{ ref('dim_security') }} as securities
    inner join {{ ref('dim_company') }} as companies on securities.sk_company_id = companies.sk_company_id
    where securities.is_current
),

final as (
    select
        summed.symbol,
        securities.name,
        securities.company,
        securities.industry,
        securities.exchange_id,
        {{ date_of('summed.last_date_id') }} as priced_on,
        summed.close_price,
        cast(securities.shares_outstanding * summed.close_price as decimal(28, 2)) as market_capitalisation,
        cast(summed.close_price as double) / cast(summed.close_month_ago as double) - 1 as return_month,
        cast(summed.close_price as double) / cast(summed.close_quarter_ago as double) - 1 as return_quarter,
        cast(summed.close_price as double) / cast(summed.close_year_ago as double) - 1 as return_year,
        summed.volatility,
        summed.fifty_two_week_high,
        summed.fifty_two_week_low,
        summed.average_volume,
        summed.pe_ratio,
        summed.yield,
        summed.batch_id
    from summed
    inner join securities on summed.symbol = securities.symbol
)

select * from final
