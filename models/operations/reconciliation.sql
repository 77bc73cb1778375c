{{ config(materialized='view') }}
{#- Which models hold a feed's rows in the end: those of core that say so; where none does, the last one before. -#}
{%- set holders = [] -%}
{%- for source_name in feeds() if execute -%}
    {%- for node in taking_models(source_name) or [resolved_model(source_name) or staging_model(source_name)] -%}
        {%- do holders.append((source_name, node.name)) -%}
    {%- endfor -%}
{%- endfor -%}

-- One row per feed and batch, as things are now: what landed against what is held and what was rejected. The newswire's
-- three feeds share their files.
with files as (
    select
        source_name,
        batch_id,
        count(*) as file_count,
        cast(sum(line_count) as bigint) as landed_rows
    from {{ ref('landed_files') }}
    where line_count is not null
    group by source_name, batch_id
),

holders as (
    {% for source_name, model_name in holders -%}
    select
        '{{ source_name }}' as source_name,
        '{{ model_name }}' as model_name
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as {{ dbt.type_string() }}) as source_name,
        cast(null as {{ dbt.type_string() }}) as model_name
    {% endfor %}
),

held as (
    select
        counts.source_name,
        counts.batch_id,
        sum(counts.row_count) as loaded_rows
    from {{ ref('row_counts') }} as counts
    inner join holders
        on
            counts.source_name = holders.source_name
            and counts.model_name = holders.model_name
    group by counts.source_name, counts.batch_id
),

rejects as (
    select
        source_name,
        batch_id,
        count(*) as rejected_rows
    from {{ ref('rejected_rows') }}
    group by source_name, batch_id
),

counted_totals as (
    select
        case
            {% for source_name, total in counted_sources().items() -%}
            when data_set = '{{ total.data_set }}' and attribute = '{{ total.attribute }}' then '{{ source_name }}'
            {% endfor -%}
            when false then ''
        end as source_name,
        batch_id,
        value
    from {{ ref('audit') }}
),

totals as (
    select
        source_name,
        batch_id,
        cast(sum(value) as decimal(38, 2)) as control_total
    from counted_totals
    group by source_name, batch_id
),

final as (
    select
        files.source_name,
        files.batch_id,
        files.file_count,
        files.landed_rows,
        cast(coalesce(held.loaded_rows, 0) as bigint) as loaded_rows,
        coalesce(rejects.rejected_rows, 0) as rejected_rows,
        cast(
            files.landed_rows - coalesce(held.loaded_rows, 0) - coalesce(rejects.rejected_rows, 0) as bigint
        ) as lost_rows,
        totals.control_total,
        cast(files.landed_rows - totals.control_total as decimal(38, 2)) as difference
    from files
    left join held
        on
            files.source_name = held.source_name
            and files.batch_id = held.batch_id
    left join rejects
        on
            files.source_name = rejects.source_name
            and files.batch_id = rejects.batch_id
    left join totals
        on
            files.source_name = totals.source_name
            and files.batch_id = totals.batch_id
)

select * from final
