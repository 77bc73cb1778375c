-- One row per landed record: a company has a known industry and status.
with companies as (
    select * from {{ ref('stg_newswire__company') }}
),

industries as (
    select * from {{ ref('stg_reference__industry') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

checked as (
    select
        companies.*,
        industries.industry_name,
        status_types.status_name,
        cast(companies.posted_at as date) as effective_date,
        case
            when industries.industry_id is null then 'unknown_industry'
            when status_types.status_id is null then 'unknown_status'
        end as reject_reason_code
    from companies
    left join industries on companies.industry_id = industries.industry_id
    left join status_types on companies.status_id = status_types.status_id
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_industry' then 'industry_id'
            when 'unknown_status' then 'status'
        end as reject_column
    from checked
)

select * from resolved
