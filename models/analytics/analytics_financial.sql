with financials as (
    select * from {{ ref('financial') }}
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
    from financials
)

select * from final
