{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='company_id') }}

with postings as (
    select * from {{ ref('stg_newswire__company') }}
    {% if is_incremental() %}
    where company_id in (
        select company_id from {{ ref('stg_newswire__company') }} where batch_id > {{ loaded_through() }}
    )
    {% endif %}
),

industries as (
    select * from {{ ref('stg_reference__industry') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

ratings as (
    select * from {{ ref('sp_ratings') }}
),

ordered as (
    select
        postings.*,
        industries.industry_name,
        cast(postings.posted_at as date) as effective_date,
        lead(cast(postings.posted_at as date)) over (
            partition by postings.company_id
            order by postings.batch_id, postings.posted_at, postings.line_number
        ) as next_date
    from postings
    inner join industries on postings.industry_id = industries.industry_id
),

final as (
    select
        {{ version_key('ordered.company_id', 'ordered.effective_date') }} as sk_company_id,
        ordered.company_id,
        status_types.status_name as status,
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
    inner join status_types on ordered.status_id = status_types.status_id
    left join ratings on ordered.sp_rating = ratings.sp_rating
    where ordered.next_date is null or ordered.next_date <> ordered.effective_date
)

select * from final
