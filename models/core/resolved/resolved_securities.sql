-- One row per landed record: a security names a company that is in force when it is posted, and has a known status.
with securities as (
    select * from {{ ref('stg_newswire__security') }}
),

companies as (
    select * from {{ ref('dim_company') }}
),

company_references as (
    {{ company_references('companies') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

checked as (
    select
        securities.*,
        company_references.company_id,
        status_types.status_name,
        cast(securities.posted_at as date) as effective_date,
        case
            when company_references.company_id is null then 'company_not_in_force'
            when status_types.status_id is null then 'unknown_status'
        end as reject_reason_code
    from securities
    left join company_references
        on {{ names_company('securities', 'company_references') }}
    left join status_types on securities.status_id = status_types.status_id
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'company_not_in_force' then 'co_name_or_cik'
            when 'unknown_status' then 'status'
        end as reject_column
    from checked
)

select * from resolved
