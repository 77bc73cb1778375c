{#- Post-hook of staging and resolved models, after their transaction: stop the load where more rows of a file were
    rejected than max_rejected_share allows, before any table that would lack them changes. The rejects stay on record.
    Batches that pass are noted in row_counts and not looked at again; the others at every run, until their files are
    corrected or the share is raised. -#}
{% macro refuse_too_many_rejects() -%}
    {%- set source_name = model.config.meta.resolves or model.sources | map('join', '.') | first -%}
    {%- if not execute or flags.WHICH not in ['run', 'build'] or not source_name -%}{{ return('') }}{%- endif -%}
    {%- if all_counted(source_name) -%}{{ return('') }}{%- endif -%}
    {%- set batch_ids = batches_to_check(source_name) -%}
    {%- if batch_ids -%}
        {%- set listed = batch_ids | join(', ') -%}
        {%- set share = setting('max_rejected_share') -%}
        {%- set bad = run_query(
            'with files as (
                select batch_id, file_name, sum(line_count) as line_count from ' ~ hook_table('landed_files') ~ "
                where source_name = '" ~ source_name ~ "' and batch_id in (" ~ listed ~ ')
                group by batch_id, file_name
            ), rejects as (
                select batch_id, file_name, count(*) as reject_count from ' ~ hook_table('rejected_rows') ~ "
                where source_name = '" ~ source_name ~ "' and batch_id in (" ~ listed ~ ')
                group by batch_id, file_name
            )
            select files.batch_id, files.file_name, cast(files.line_count as bigint) as line_count, rejects.reject_count
            from files
            inner join rejects
                on files.batch_id = rejects.batch_id and files.file_name is not distinct from rejects.file_name
            where rejects.reject_count > ceil(files.line_count * ' ~ share ~ ')
            order by files.batch_id, files.file_name'
        ) -%}
        {%- if bad.rows -%}
            {%- do refuse_rejects(source_name, bad.rows, share) -%}
        {%- endif -%}
        {#- What the previous model held, less what was rejected since. #}
        {%- do add_rows(
            'row_counts',
            "with held as (" ~ held_before(source_name, listed) ~ "),
            rejects as (
                select batch_id, count(*) as row_count from " ~ hook_table('rejected_rows') ~ "
                where source_name = '" ~ source_name ~ "' and rejected_by = '" ~ model.name ~ "'
                group by batch_id
            )
            select '" ~ model.name ~ "' as model_name, '" ~ source_name ~ "' as source_name, held.batch_id,
                cast(held.row_count - coalesce(rejects.row_count, 0) as bigint) as row_count
            from held
            left join rejects on held.batch_id = rejects.batch_id"
        ) -%}
    {%- endif -%}
{%- endmacro %}

{#- Batches of a feed that have landed, or passed the previous model, but not this one yet. -#}
{% macro batches_to_check(source_name) -%}
    {{ return(run_query(
        'select batch_id from (' ~ held_before(source_name) ~ ') as held except select batch_id from ' ~ hook_table('row_counts')
        ~ " where model_name = '" ~ model.name ~ "' order by batch_id"
    ).columns[0].values() | list) }}
{%- endmacro %}

{#- Rows of a feed by batch that reach a model: those that landed reach its staging model, those that could be read its
    resolved one. -#}
{% macro held_before(source_name, listed=none) -%}
    {%- if model.config.meta.resolves -%}
        select batch_id, row_count
        from {{ hook_table('row_counts') }}
        where model_name = '{{ staging_model(source_name).name }}'
    {%- else -%}
        select batch_id, sum(line_count) as row_count
        from {{ hook_table('landed_files') }}
        where source_name = '{{ source_name }}' and line_count is not null
    {%- endif %}
        {{ 'and batch_id in (' ~ listed ~ ')' if listed }}
        {{ 'group by batch_id' if not model.config.meta.resolves }}
{%- endmacro %}

{#- Report the files with too many rejects, and the first of these. -#}
{% macro refuse_rejects(source_name, bad_files, share) -%}
    {%- set lines = [] -%}
    {%- for file in bad_files -%}
        {%- do lines.append(
            file['file_name'] ~ ': ' ~ file['reject_count'] ~ ' of ' ~ file['line_count']
            ~ ' rows rejected, more than the ' ~ share ~ ' that max_rejected_share allows:'
        ) -%}
        {%- set sample = run_query(
            'select line_number, column_name, reason from ' ~ hook_table('rejected_rows') ~ " where source_name = '"
            ~ source_name ~ "' and file_name = '" ~ file['file_name'] | replace("'", "''")
            ~ "' order by line_number limit 3"
        ) -%}
        {%- for row in sample.rows -%}
            {%- do lines.append(
                '  line ' ~ row['line_number'] ~ ': ' ~ (row['column_name'] ~ ': ' if row['column_name'] else '')
                ~ row['reason']
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        lines | join('\n') ~ '\nAll of them are in operations.rejected_rows; no table that would lack them has changed.'
        ~ ' Have the file corrected and run again, or accept the loss with --vars \'{max_rejected_share: 0.05}\', say.'
    ) -%}
{%- endmacro %}
