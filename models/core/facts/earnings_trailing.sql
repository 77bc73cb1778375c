{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='company_id') }}

-- One row per company and calendar quarter that has earnings in the four quarters before it: the sum of their basic
-- earnings a share, across versions of the company.
with companies as (
    select * from {{ ref('dim_company') }}
),

financials as (
    select
        companies.company_id,
        financial.fi_year * 4 + financial.fi_qtr as quarter_number,
        financial.fi_basic_eps,
        financial.posted_at,
        financial.batch_id
    from {{ ref('financial') }} as financial
    inner join companies on financial.sk_company_id = companies.sk_company_id
),

-- Reposted accounts replace earlier ones; of two posted in the same second, the higher earnings count, so that every
-- build picks the same.
quarters as (
    select
        company_id,
        quarter_number,
        {{ latest_by('fi_basic_eps', '(posted_at, fi_basic_eps)') }} as basic_eps,
        max(batch_id) as batch_id
    from financials
    {% if is_incremental() %}
    where company_id in (select company_id from financials where batch_id > {{ loaded_through() }})
    {% endif %}
    group by company_id, quarter_number
),

distances as (
    select 1 as quarters_later
    union all
    select 2 as quarters_later
    union all
    select 3 as quarters_later
    union all
    select 4 as quarters_later
),

trailing_sums as (
    select
        quarters.company_id,
        quarters.quarter_number + distances.quarters_later as quarter_number,
        sum(quarters.basic_eps) as trailing_eps,
        max(quarters.batch_id) as batch_id
    from quarters
    cross join distances
    group by quarters.company_id, quarters.quarter_number + distances.quarters_later
)

select * from trailing_sums
