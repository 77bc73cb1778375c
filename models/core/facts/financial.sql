{{ config(materialized='incremental', incremental_strategy='append') }}

with postings as (
    select * from {{ ref('resolved_financials') }}
    where
        reject_reason_code is null
        and {{ is_new_batch() }}
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
    from postings
)

select * from final
