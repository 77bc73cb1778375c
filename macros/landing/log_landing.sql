{#- Post-hook of a staging model, inside its transaction: note which files its rows came from, and stop the load where
    too many rows of a file could not be read. -#}
{% macro log_landing() -%}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {{ adapter.dispatch('log_landing')(model.sources[0] | join('.')) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__log_landing(source_name) -%}{%- endmacro %}

{% macro duckdb__log_landing(source_name) -%}
    {%- if should_full_refresh() -%}
        {%- do run_query("delete from " ~ landing_log() ~ " where source_name = '" ~ source_name ~ "'") -%}
    {%- endif -%}
    {%- set layout = landing_layout(source_name) -%}
    {%- if layout.config.meta.format != 'audit' -%}
        {%- do refuse_too_many_rejected(source_name, layout) -%}
    {%- endif -%}
    insert into {{ landing_log() }}
    select
        source_name, feed, batch_id, file_name, byte_count, modified_at, line_count,
        now()::timestamp as loaded_at
    from ({{ new_landed_files(source_name) }})
{%- endmacro %}

{#- Files of a source that are not in the warehouse yet, as SQL. -#}
{% macro new_landed_files(source_name) -%}
    select *
    from landing_area
    where
        source_name = '{{ source_name }}'
        and file_name not in (
            select file_name from {{ landing_log() }} where source_name = '{{ source_name }}'
        )
{%- endmacro %}

{#- The source's node in dbt's graph: columns and settings of its layout. -#}
{% macro landing_layout(source_name) -%}
    {%- set parts = source_name.split('.') -%}
    {%- for node in graph.sources.values() if node.source_name == parts[0] and node.name == parts[1] -%}
        {{ return(node) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error('No source ' ~ source_name ~ ' is defined in models/staging.') -%}
{%- endmacro %}

{#- Stop the load where more rows of a file are missing from `this` than the variable max_rejected_share allows. -#}
{% macro refuse_too_many_rejected(source_name, layout) -%}
    {%- set by_file = layout.config.meta.format == 'fixed' -%}
    {%- set counted -%}
        with landed as (
            select
                batch_id,
                feed,
                sum(line_count)::bigint as line_count,
                string_agg(file_name, ', ' order by file_name) as file_names
            from ({{ new_landed_files(source_name) }})
            group by batch_id, feed
        ),

        loaded as (
            select {{ 'batch_id, landed_file as feed' if by_file else "batch_id, '' as feed" }}, count(*) as row_count
            from {{ this }}
            where batch_id in (select batch_id from landed)
            group by all
        )

        select
            landed.file_names,
            landed.line_count,
            landed.line_count - coalesce(loaded.row_count, 0) as lost,
            landed.batch_id
        from landed
        left join loaded on landed.batch_id = loaded.batch_id {{ 'and landed.feed = loaded.feed' if by_file }}
        where
            landed.line_count - coalesce(loaded.row_count, 0)
            not between 0 and ceil(landed.line_count * {{ var('max_rejected_share') }})
        order by landed.batch_id, landed.file_names
    {%- endset -%}
    {%- set bad = run_query(counted) -%}
    {%- for row in bad.rows -%}
        {%- set sample = run_query(
            "select file_name, line_number, column_name, reason from (" ~ unreadable_rows(source_name, [row['batch_id']])
            ~ ") order by file_name, line_number limit 5"
        ) -%}
        {%- set lines = [] -%}
        {%- for s in sample.rows -%}
            {%- do lines.append('  ' ~ s['file_name'] ~ ', line ' ~ s['line_number'] ~ ': '
                ~ (s['column_name'] ~ ': ' if s['column_name'] else '') ~ s['reason']) -%}
        {%- endfor -%}
        {%- do exceptions.raise_compiler_error(
            row['file_names'] ~ ': ' ~ row['lost'] ~ ' of ' ~ row['line_count'] ~ ' rows cannot be read, more than the '
            ~ var('max_rejected_share') ~ ' that max_rejected_share allows. Nothing of it was loaded.\n'
            ~ lines | join('\n')
            ~ '\nHave the file corrected and run again, or accept the loss with --vars \'{max_rejected_share: 0.05}\', say.'
        ) -%}
    {%- endfor -%}
{%- endmacro %}
