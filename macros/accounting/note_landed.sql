{#- Post-hook of a staging model, in its transaction: note which files its rows came from, and each row that could not be
    read. -#}
{% macro note_landed() -%}
    {%- if not execute or flags.WHICH not in ['run', 'build'] -%}{{ return('') }}{%- endif -%}
    {%- set source_name = model.sources[0] | join('.') -%}
    {%- if has_no_new_files(source_name) -%}{{ return('') }}{%- endif -%}
    {%- if should_full_refresh() -%}
        {%- do forget(hook_table('landed_files'), "source_name = '" ~ source_name ~ "'") -%}
        {%- do forget(hook_table('rejected_rows'), "rejected_by = '" ~ model.name ~ "'") -%}
        {%- do forget(hook_table('row_counts'), "model_name = '" ~ model.name ~ "'") -%}
    {%- endif -%}
    {%- set new_files = new_landed_files(source_name) -%}
    {%- set batch_ids = run_query('select distinct batch_id from (' ~ new_files ~ ') as new_files order by batch_id').columns[0].values() | list -%}
    {%- if batch_ids -%}
        {%- set layout = landing_layout(source_name) -%}
        {%- set is_counted = layout.config.meta.format != 'audit' -%}
        {%- set returned_from = remove_duplicates(layout, batch_ids) if is_counted else [] -%}
        {%- do add_rows(
            'landed_files',
            'select source_name, feed, batch_id, file_name, byte_count, modified_at, content_hash, ' ~ ('line_count' if is_counted else 'null as line_count') ~ ',
                cast(current_timestamp as timestamp) as loaded_at
            from (' ~ new_files ~ ') as new_files'
        ) -%}
        {%- if is_counted -%}
            {%- do note_unreadable(source_name, batch_ids, returned_from) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Record landed rows of some batches that are missing from the staging model as rejected, including rows that came
    before, in the batches given. -#}
{% macro note_unreadable(source_name, batch_ids, returned_from) -%}
    {%- set listed = batch_ids | join(', ') -%}
    {%- set counts = run_query(
        'with landed as (
            select batch_id, cast(sum(line_count) as bigint) as row_count, min(file_name) as file_name
            from ' ~ hook_table('landed_files') ~ "
            where source_name = '" ~ source_name ~ "' and batch_id in (" ~ listed ~ ')
            group by batch_id
        ), staged as (
            select batch_id, count(*) as row_count from ' ~ this ~ ' where batch_id in (' ~ listed ~ ') group by batch_id
        )
        select landed.batch_id, landed.file_name, landed.row_count as landed_rows, coalesce(staged.row_count, 0) as staged_rows
        from landed
        left join staged on landed.batch_id = staged.batch_id
        where landed.row_count <> coalesce(staged.row_count, 0)
        order by landed.batch_id'
    ) -%}
    {%- set short = [] -%}
    {%- for row in counts.rows -%}
        {%- if row['staged_rows'] > row['landed_rows'] -%}
            {%- do exceptions.raise_compiler_error(
                row['file_name'] ~ ': ' ~ row['staged_rows'] ~ ' rows were read where ' ~ row['landed_rows']
                ~ ' landed in batch ' ~ row['batch_id'] ~ '. Nothing of it was loaded. Rebuild with `dbt build'
                ~ ' --full-refresh`; if that says the same, have the file delivered again.'
            ) -%}
        {%- endif -%}
        {%- do short.append(row['batch_id']) -%}
    {%- endfor -%}
    {%- if short -%}
        {%- do add_rows('rejected_rows', rejects(unreadable_rows(source_name, short, returned_from), model.name)) -%}
    {%- endif -%}
{%- endmacro %}

{#- Delete what was noted earlier. Dispatches by engine. -#}
{% macro forget(relation, condition) -%}
    {%- do adapter.dispatch('forget')(relation, condition) -%}
{%- endmacro %}

{% macro duckdb__forget(relation, condition) -%}
    {%- do run_query('delete from ' ~ relation ~ ' where ' ~ condition) -%}
{%- endmacro %}

{% macro spark__forget(relation, condition) -%}
    {%- do spark__delete(relation, condition) -%}
{%- endmacro %}

{#- Files of a source that are not in the warehouse yet, as SQL. -#}
{% macro new_landed_files(source_name) -%}
    select *
    from landing_area
    where
        source_name = '{{ source_name }}'
        and file_name not in (
            select file_name from {{ hook_table('landed_files') }} where source_name = '{{ source_name }}'
        )
{%- endmacro %}
