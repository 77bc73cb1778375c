{%- set joined_through -%}
(select coalesce(max(batch_id), 0) from {{ this }} where message_text = 'Row count joined')
{%- endset -%}
{{ config(materialized='incremental', incremental_strategy='append') }}

-- Models of core are found in the graph, and come first in every run.
{{ depend_on_core() }}
with row_counts as (
    select * from {{ ref('table_counts') }}
),

-- Facts that join each of their dimensions: those of new batches, added to what the last message says of earlier ones.
joined as (
    select
        cast(null as {{ dbt.type_string() }}) as table_name,
        0 as batch_id,
        0 as row_count
    where false
    {% for fact, batch_column, dimensions in joined_facts() -%}
    union all
    select
        '{{ standard_name(fact) }}' as table_name,
        cast(facts.{{ batch_column }} as integer) as batch_id,
        count(*) as row_count
    from {{ declared_or_found(fact) }} as facts
    {% for dimension, foreign_key in dimensions -%}
    inner join {{ declared_or_found(dimension) }} as {{ dimension }}
        on {{ foreign_key }} = {{ dimension }}.{{ dimension | replace('dim_', 'sk_', 1) }}_id
    {% endfor -%}
    {% if is_incremental() -%}
    where facts.{{ batch_column }} > {{ joined_through }}
    {% endif -%}
    group by facts.{{ batch_column }}
    {% endfor -%}
    {% if is_incremental() -%}
    union all
    select
        message_source as table_name,
        batch_id,
        cast(message_data as bigint) as row_count
    from {{ this }}
    where
        message_text = 'Row count joined'
        and batch_id = {{ joined_through }}
    {% endif %}
),

joined_counts as (
    select
        row_counts.table_name,
        row_counts.batch_id,
        coalesce(sum(joined.row_count), 0) as row_count
    from row_counts
    left join joined
        on
            row_counts.table_name = joined.table_name
            and row_counts.batch_id >= joined.batch_id
    where
        row_counts.table_name like 'Fact%'
        and row_counts.message_text = 'Row count'
    group by row_counts.table_name, row_counts.batch_id
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
    from {{ ref('alerts') }}
    union all
    {% for counts, text in [('row_counts', 'message_text'), ('joined_counts', "'Row count joined'")] -%}
    select
        batch_id,
        table_name as message_source,
        {{ text }} as message_text,
        'Validation' as message_type,
        cast(row_count as string) as message_data
    from {{ counts }}
    union all
    {% endfor -%}
    select
        batch_id,
        'Prospect' as message_source,
        'Source rows' as message_text,
        'Status' as message_type,
        cast(row_count as string) as message_data
    from prospect_lists
    {% for text, column in [('Inserted rows', 'inserted_count'), ('Updated rows', 'updated_count')] -%}
    union all
    select
        prospect_lists.batch_id,
        'Prospect' as message_source,
        '{{ text }}' as message_text,
        'Status' as message_type,
        cast(coalesce(prospect_changes.{{ column }}, 0) as string) as message_data
    from prospect_lists
    left join prospect_changes on prospect_lists.batch_id = prospect_changes.batch_id
    {% endfor -%}
    union all
    select
        batch_id,
        source_name as message_source,
        'Rejected rows' as message_text,
        'Reject' as message_type,
        cast(row_count as string) as message_data
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
