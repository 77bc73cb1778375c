-- One row per landed record: financials name a company that is in force when they are posted.
with financials as (
    select * from {{ ref('stg_newswire__financial') }}
),

companies as (
    select * from {{ ref('dim_company') }}
),

company_references as (
    {{ company_references('companies') }}
),

checked as (
    select
        financials.*,
        company_references.company_id,
        company_references.sk_company_id,
        case
            when company_references.company_id is null then 'company_not_in_force'
        end as reject_reason_code
    from financials
    left join company_references
        on {{ names_company('financials', 'company_references') }}
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'company_not_in_force' then 'co_name_or_cik'
        end as reject_column
    from checked
)

select * from resolved
