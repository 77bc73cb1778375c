{{ config(materialized='table') }}

-- One row a source and batch; the newswire's three sources share their files.
with counts as (
    select * from {{ ref('load_counts') }}
),

rejects as (
    select
        source_name,
        batch_id,
        count(*) as rejected_rows
    from {{ ref('rejected_rows') }}
    group by source_name, batch_id
),

totals as (
    select
        case
            when attribute = 'T_Records' then 'brokerage.trade'
            when attribute = 'TH_Records' then 'brokerage.trade_history'
            when attribute = 'CT_Records' then 'brokerage.cash_transaction'
            when attribute = 'HH_RECORDS' then 'brokerage.holding_history'
            when attribute = 'DM_RECORDS' then 'brokerage.daily_market'
            when attribute = 'WH_RECORDS' then 'brokerage.watch_history'
            when attribute = 'P_RECORDS' then 'marketing.prospect'
            when attribute = 'FW_FIN' then 'newswire.financial'
        end as source_name,
        batch_id,
        sum(value) as control_total
    from {{ ref('audit') }}
    group by all
),

final as (
    select
        counts.source_name,
        counts.batch_id,
        counts.file_count,
        counts.landed_rows,
        counts.accepted_rows as loaded_rows,
        coalesce(rejects.rejected_rows, 0) as rejected_rows,
        counts.landed_rows - counts.accepted_rows - coalesce(rejects.rejected_rows, 0) as lost_rows,
        totals.control_total,
        counts.landed_rows - totals.control_total as difference
    from counts
    left join rejects
        on
            counts.source_name = rejects.source_name
            and counts.batch_id = rejects.batch_id
    left join totals
        on
            counts.source_name = totals.source_name
            and counts.batch_id = totals.batch_id
)

select * from final
