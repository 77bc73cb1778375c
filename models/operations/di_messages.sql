{{ config(materialized='incremental', incremental_strategy='append') }}

with alerts as (
    select * from {{ ref('int_alerts') }}
),

row_counts as (
    select * from {{ ref('int_row_counts') }}
),

prospect_lists as (
    select
        batch_id,
        count(*) as row_count
    from {{ ref('stg_marketing__prospect') }}
    group by batch_id
),

prospect_changes as (
    select
        batch_id,
        sum(case when is_first then 1 else 0 end) as inserted_count,
        sum(case when is_first then 0 else 1 end) as updated_count
    from {{ ref('int_prospect_versions') }}
    group by batch_id
),

rejects as (
    select
        source_name,
        batch_id,
        count(*) as row_count
    from {{ ref('rejected_rows') }}
    group by source_name, batch_id
),

messages as (
    select
        batch_id,
        message_source,
        message_text,
        message_type,
        message_data
    from alerts
    union all
    select
        batch_id,
        table_name as message_source,
        'Row count' as message_text,
        'Validation' as message_type,
        cast(row_count as varchar) as message_data
    from row_counts
    union all
    select
        batch_id,
        'Prospect' as message_source,
        'Source rows' as message_text,
        'Status' as message_type,
        cast(row_count as varchar) as message_data
    from prospect_lists
    {% for text, column in [('Inserted rows', 'inserted_count'), ('Updated rows', 'updated_count')] -%}
    union all
    select
        prospect_lists.batch_id,
        'Prospect' as message_source,
        '{{ text }}' as message_text,
        'Status' as message_type,
        cast(coalesce(prospect_changes.{{ column }}, 0) as varchar) as message_data
    from prospect_lists
    left join prospect_changes on prospect_lists.batch_id = prospect_changes.batch_id
    {% endfor -%}
    union all
    select
        batch_id,
        source_name as message_source,
        'Rejected rows' as message_text,
        'Reject' as message_type,
        cast(row_count as varchar) as message_data
    from rejects
),

final as (
    select
        cast(current_timestamp as timestamp) as message_date_and_time,
        batch_id,
        message_source,
        message_text,
        message_type,
        message_data
    from messages
    where {{ is_new_batch() }}
)

select * from final
