{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='company_id') }}

with postings as (
    select * from {{ ref('resolved_companies') }}
    {% if is_incremental() %}
    where company_id in (
        select company_id from {{ ref('resolved_companies') }} where batch_id > {{ loaded_through() }}
    )
    {% endif %}
),

ratings as (
    select * from {{ ref('sp_ratings') }}
),

ordered as (
    select
        *,
        lead(effective_date) over (
            partition by company_id
            order by batch_id, posted_at, line_number
        ) as next_date
    from postings
    where reject_reason_code is null
),

final as (
    select
        {{ version_key('ordered.company_id', 'ordered.effective_date') }} as sk_company_id,
        ordered.company_id,
        ordered.status_name as status,
        ordered.name,
        ordered.industry_name as industry,
        ratings.sp_rating,
        ratings.is_low_grade,
        ordered.ceo,
        ordered.address_line1,
        ordered.address_line2,
        ordered.postal_code,
        ordered.city,
        ordered.state_prov,
        ordered.country,
        ordered.description,
        ordered.founding_date,
        ordered.next_date is null as is_current,
        ordered.batch_id,
        ordered.effective_date,
        coalesce(ordered.next_date, {{ end_of_time() }}) as end_date
    from ordered
    left join ratings on ordered.sp_rating = ratings.sp_rating
    where ordered.next_date is null or ordered.next_date <> ordered.effective_date
)

select * from final
