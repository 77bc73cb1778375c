{%- set last_day = 'select max(sk_date_id) from ' ~ ref('fact_market_history') -%}

-- Losses make a ratio meaningless, so only positive ones count; how many there are says how much they speak for.
with prices as (
    select * from {{ ref('fact_market_history') }}
    where sk_date_id = {{ parameter('day', last_day) }}
),

final as (
    select
        companies.industry,
        count(distinct companies.company_id) as companies,
        count(*) as securities,
        count(case when prices.pe_ratio > 0 then 1 end) as securities_with_ratio,
        median(case when prices.pe_ratio > 0 then prices.pe_ratio end) as median_pe_ratio,
        min(case when prices.pe_ratio > 0 then prices.pe_ratio end) as lowest_pe_ratio,
        max(prices.pe_ratio) as highest_pe_ratio,
        count(distinct case when companies.is_low_grade then companies.company_id end) as low_grade_companies
    from prices
    inner join {{ ref('dim_company') }} as companies on prices.sk_company_id = companies.sk_company_id
    group by companies.industry
)

select * from final
order by median_pe_ratio nulls last, industry
