{{ config(materialized='incremental', incremental_strategy='append') }}

with postings as (
    select * from {{ ref('stg_newswire__financial') }}
    where {{ is_new_batch() }}
),

companies as (
    select * from {{ ref('dim_company') }}
),

company_references as (
    {{ company_references('companies') }}
),

resolved as (
    {{ resolve_company('postings', 'company_references') }}
),

final as (
    select
        sk_company_id,
        fi_year,
        fi_qtr,
        fi_qtr_start_date,
        fi_revenue,
        fi_net_earn,
        fi_basic_eps,
        fi_dilut_eps,
        fi_margin,
        fi_inventory,
        fi_assets,
        fi_liability,
        fi_out_basic,
        fi_out_dilut,
        posted_at,
        batch_id
    from resolved
)

select * from final
