{{ config(materialized='view') }}

-- Valued on each month's last trading day, or on the last one there is.
with days as (
    select max(sk_date_id) as sk_date_id
    from {{ ref('fact_market_history') }}
    group by {{ month_id('sk_date_id') }}
),

valued as (
    select
        days.sk_date_id,
        companies.industry,
        securities.shares_outstanding * cast(history.close_price as decimal(28, 2)) as capitalisation,
        history.pe_ratio,
        history.yield,
        history.batch_id
    from days
    inner join {{ ref('fact_market_history') }} as history on days.sk_date_id = history.sk_date_id
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
    inner join {{ ref('dim_company') }} as companies on history.sk_company_id = companies.sk_company_id
),

final as (
    select
        {{ month_id('sk_date_id') }} as month_id,
        {{ date_of('sk_date_id') }} as valued_on,
        industry,
        cast(count(*) as integer) as securities,
        cast(sum(case when pe_ratio > 0 then 1 else 0 end) as integer) as with_positive_earnings,
        cast(sum(case when pe_ratio is null then 0 else 1 end) as integer) as with_earnings,
        cast(sum(capitalisation) as decimal(28, 2)) as capitalisation,
        -- Total price over total earnings; one company with earnings near zero would dominate a mean of ratios.
        round(
            sum(case when pe_ratio > 0 then cast(capitalisation as double) end)
            / nullif(sum(case when pe_ratio > 0 then cast(capitalisation as double) / pe_ratio end), 0),
            4
        ) as pe_ratio,
        median(case when pe_ratio > 0 then pe_ratio end) as median_pe_ratio,
        median(yield) as median_yield,
        max(batch_id) as batch_id
    from valued
    group by sk_date_id, industry
)

select * from final
