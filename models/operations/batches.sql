{{ config(materialized='view') }}

with batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
),

files as (
    select * from {{ ref('landed_files') }}
),

counts as (
    select * from {{ ref('reconciliation') }}
),

batch_files as (
    select
        batch_id,
        count(distinct file_name) as file_count,
        max(loaded_at) as loaded_at
    from files
    group by batch_id
),

batch_rows as (
    select
        batch_id,
        cast(sum(landed_rows) as bigint) as landed_rows,
        cast(sum(loaded_rows) as bigint) as loaded_rows
    from counts
    group by batch_id
),

final as (
    select
        batch_dates.batch_id,
        batch_dates.batch_date,
        batch_files.file_count,
        batch_rows.landed_rows,
        batch_rows.loaded_rows,
        batch_files.loaded_at
    from batch_dates
    left join batch_files on batch_dates.batch_id = batch_files.batch_id
    left join batch_rows on batch_dates.batch_id = batch_rows.batch_id
)

select * from final
