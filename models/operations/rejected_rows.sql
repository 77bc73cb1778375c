{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook={'sql': '{{ refuse_too_many_orphans() }}', 'transaction': false}
) }}

-- depends_on: {{ ref('load_counts') }}
{#- Which sources are looked at is known only when the model runs, so dbt is told of all of them here. -#}
{%- for source_name in parent_sources() -%}{%- do ref(parent_rules(source_name).model) -%}{%- endfor -%}
{%- set parts = [] -%}
{%- if execute and flags.WHICH in ['run', 'build'] -%}
    {#- Only sources and batches with rows missing are looked at again, and only those without rejects on record. -#}
    {%- set short = run_query(
        'select source_name, batch_id, landed_rows > staged_rows as is_unreadable, staged_rows > accepted_rows as is_orphaned
        from ' ~ ref('load_counts') ~ ' where landed_rows <> accepted_rows'
        ~ (' and (source_name, batch_id) not in (select (source_name, batch_id) from ' ~ this ~ ')' if is_incremental() else '')
        ~ ' order by source_name, batch_id'
    ) -%}
    {%- for row in short.rows -%}
        {%- if row['is_unreadable'] -%}
            {%- do parts.append(unreadable_rows(row['source_name'], [row['batch_id']])) -%}
        {%- endif -%}
        {%- if row['is_orphaned'] -%}
            {%- do parts.append(rejected_orphans(row['source_name'], [row['batch_id']])) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endif %}

with found as (
    {% for part in parts -%}
    select * from ({{ part }})
    {{ "union all" if not loop.last }}
    {% else -%}
    select
        cast(null as varchar) as source_name,
        cast(null as integer) as batch_id,
        cast(null as varchar) as file_name,
        cast(null as bigint) as line_number,
        cast(null as bigint) as byte_offset,
        cast(null as varchar) as column_name,
        cast(null as varchar) as reason,
        cast(null as varchar) as raw_text
    where false
    {% endfor %}
),

{% if has_erasures() -%}
without_erased as (
    {{ without_erased_text('found') }}
),

{% endif -%}
final as (
    select
        source_name,
        cast(batch_id as integer) as batch_id,
        file_name,
        cast(line_number as bigint) as line_number,
        byte_offset,
        column_name,
        reason,
        raw_text,
        cast(current_timestamp as timestamp) as rejected_at
    from {{ 'without_erased' if has_erasures() else 'found' }}
)

select * from final
