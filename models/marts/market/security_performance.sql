-- Prices are looked at by calendar, back from each security's own last one: a year ago is the last price on or before
-- that day, wherever holidays fall.
with securities as (
    select
        sk_security_id,
        symbol
    from {{ ref('dim_security') }}
),

history as (
    select * from {{ ref('fact_market_history') }}
),

-- By the key of the version first, which are numbers.
last_days as (
    select
        securities.symbol,
        max(versions.sk_date_id) as sk_date_id
    from (
        select
            sk_security_id,
            max(sk_date_id) as sk_date_id
        from history
        group by sk_security_id
    ) as versions
    inner join securities on versions.sk_security_id = securities.sk_security_id
    group by securities.symbol
),

-- The same day of the month, quarter and year before.
marks as (
    select
        symbol,
        sk_date_id as last_date_id,
        {{ date_id(date_of('sk_date_id') ~ " - interval '1' month") }} as month_ago,
        {{ date_id(date_of('sk_date_id') ~ " - interval '3' month") }} as quarter_ago,
        {{ date_id(date_of('sk_date_id') ~ " - interval '1' year") }} as year_ago,
        {{ date_id(date_of('sk_date_id') ~ " - interval '400' day") }} as first_date_id
    from last_days
),

prices as (
    select
        marks.symbol,
        marks.last_date_id,
        marks.month_ago,
        marks.quarter_ago,
        marks.year_ago,
        history.sk_date_id,
        history.close_price,
        history.volume,
        history.pe_ratio,
        history.yield,
        history.fifty_two_week_high,
        history.fifty_two_week_low,
        history.batch_id
    from history
    inner join securities on history.sk_security_id = securities.sk_security_id
    inner join marks
        on
            securities.symbol = marks.symbol
            and history.sk_date_id > marks.first_date_id
),

followed as (
    select
        *,
        lag(close_price) over (partition by symbol order by sk_date_id) as previous_close
    from prices
),

changes as (
    select
        *,
        case
            when close_price > 0 and previous_close > 0
                then ln(cast(close_price as double) / cast(previous_close as double))
        end as log_return
    from followed
),

summed as (
    select
        symbol,
        last_date_id,
        -- Those of the last day, even if they are null.
        {% for column in ['close_price', 'pe_ratio', 'yield', 'fifty_two_week_high', 'fifty_two_week_low'] -%}
        max(case when sk_date_id = last_date_id then {{ column }} end) as {{ column }},
        {% endfor -%}
        {% for period in ['month', 'quarter', 'year'] -%}
        nullif(
            {{ latest_by(
                'case when sk_date_id <= ' ~ period ~ '_ago then close_price end',
                'case when sk_date_id <= ' ~ period ~ '_ago then sk_date_id end'
            ) }}, 0
        ) as close_{{ period }}_ago,
        {% endfor -%}
        round(stddev_samp(case when sk_date_id > year_ago then log_return end) * sqrt(252), 6) as volatility,
        {{ nearest_whole('avg(case when sk_date_id > month_ago then volume end)') }} as average_volume,
        max(batch_id) as batch_id
    from changes
    group by symbol, last_date_id
),

current_versions as (
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
        current_versions.name,
        current_versions.company,
        current_versions.industry,
        current_versions.exchange_id,
        {{ date_of('summed.last_date_id') }} as priced_on,
        summed.close_price,
        cast(current_versions.shares_outstanding * summed.close_price as decimal(28, 2)) as market_capitalisation,
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
    inner join current_versions on summed.symbol = current_versions.symbol
)

select * from final
