{#- Post-hook of a resolved model, in its transaction: record each row of new batches without a parent as rejected.
    A count decides whether to look closer, so sound batches cost no more than the count. -#}
{% macro note_resolved() -%}
    {%- set source_name = model.config.meta.resolves -%}
    {%- if not execute or flags.WHICH not in ['run', 'build'] or not source_name -%}{{ return('') }}{%- endif -%}
    {%- if all_counted(source_name) -%}{{ return('') }}{%- endif -%}
    {%- if should_full_refresh() -%}
        {%- do forget(hook_table('rejected_rows'), "rejected_by = '" ~ model.name ~ "'") -%}
        {%- do forget(hook_table('row_counts'), "model_name = '" ~ model.name ~ "'") -%}
    {%- endif -%}
    {%- set batch_ids = batches_to_check(source_name) -%}
    {%- if batch_ids -%}
        {%- set listed = batch_ids | join(', ') -%}
        {#- A refused run has left its rejects on record; parents may have arrived since. #}
        {%- do forget(
            hook_table('rejected_rows'), "rejected_by = '" ~ model.name ~ "' and batch_id in (" ~ listed ~ ')'
        ) -%}
        {%- set counts = run_query(
            'with resolved as (
                select batch_id, count(*) as row_count, count(reject_reason_code) as orphan_count
                from ' ~ this ~ ' where batch_id in (' ~ listed ~ ') group by batch_id
            ), staged as (
                select batch_id, row_count from ' ~ hook_table('row_counts') ~ "
                where model_name = '" ~ staging_model(source_name).name ~ "' and batch_id in (" ~ listed ~ ')
            )
            select staged.batch_id, staged.row_count as staged_rows, coalesce(resolved.row_count, 0) as row_count,
                coalesce(resolved.orphan_count, 0) as orphan_count
            from staged
            left join resolved on staged.batch_id = resolved.batch_id
            order by staged.batch_id'
        ) -%}
        {%- set with_orphans = [] -%}
        {%- for row in counts.rows -%}
            {%- if row['row_count'] != row['staged_rows'] -%}
                {%- do exceptions.raise_compiler_error(
                    source_name ~ ', batch ' ~ row['batch_id'] ~ ': ' ~ row['staged_rows'] ~ ' rows became '
                    ~ row['row_count'] ~ ' in ' ~ model.name ~ ', so a key it joins by is not unique in a table it reads.'
                    ~ ' Nothing that comes after it has changed.'
                ) -%}
            {%- elif row['orphan_count'] -%}
                {%- do with_orphans.append(row['batch_id']) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if with_orphans -%}
            {%- do add_rows('rejected_rows', rejects(orphaned_rows(source_name, with_orphans), model.name)) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Rows of a feed without a parent, found again in their files, in the columns that `rejects` takes. Rows that agree in
    their key are found line by line in the file, so they are named once here; lines that the staging model rejected are
    passed over. -#}
{% macro orphaned_rows(source_name, batch_ids) -%}
    {%- set layout = landing_layout(source_name) -%}
    {%- set key = layout.config.meta['key'] %}
    with orphans as (
        select distinct
            batch_id,
            {%- for staged in key.values() %}
            {{ staged }},
            {%- endfor %}
            reject_column,
            reject_reason_code
        from {{ this }}
        where
            reject_reason_code is not null
            and batch_id in ({{ batch_ids | join(', ') }})
    ),

    located as (
        {{ without_erased(layout, located_rows(layout, source_name, batch_ids)) }}
    ),

    found as (
        select located.*
        from located
        left join {{ hook_table('rejected_rows') }} as rejects
            on
                rejects.source_name = '{{ source_name }}'
                and rejects.rejected_by = '{{ staging_model(source_name).name }}'
                and located.file_name = rejects.file_name
                and located.line_number = rejects.line_number
                and located.byte_offset is not distinct from rejects.byte_offset
        where rejects.file_name is null
    )

    select
        '{{ source_name }}' as source_name,
        orphans.batch_id,
        found.file_name,
        found.line_number,
        found.byte_offset,
        orphans.reject_column as column_name,
        orphans.reject_reason_code as reason_code,
        case orphans.reject_column
            {%- for column in layout.columns.values() %}
            when '{{ column.name }}' then cast(found.{{ column.name }} as string)
            {%- endfor %}
        end as found_value,
        cast(null as string) as expected,
        found.raw_text
    from orphans
    left join found
        on
            orphans.batch_id = found.batch_id
            {%- for landed, staged in key.items() %}
            and orphans.{{ staged }} is not distinct from found.{{ landed }}
            {%- endfor %}
{%- endmacro %}

{#- Rows to record, from a query with reason codes: with the reason in words, and no text of a row about an erased
    person. -#}
{% macro rejects(found, rejected_by) -%}
    {%- set reasons = relation_of(graph.nodes['seed.' ~ project_name ~ '.reject_reasons']) %}
    with found as (
        {{ found }}
    ),

    worded as (
        select
            found.source_name,
            cast(found.batch_id as integer) as batch_id,
            '{{ rejected_by }}' as rejected_by,
            found.file_name,
            cast(found.line_number as bigint) as line_number,
            found.byte_offset,
            found.column_name,
            found.reason_code,
            replace(
                replace(reasons.reason, '{value}', coalesce(found.found_value, 'nothing')),
                '{expected}', coalesce(found.expected, '')
            ) as reason,
            found.raw_text
        from found
        left join {{ reasons }} as reasons on found.reason_code = reasons.reason_code
    ){% if has_erasures() %},

    without_erased as (
        {{ without_erased_text('worded') }}
    )
    {% endif %}

    select
        *,
        cast(current_timestamp as timestamp) as rejected_at
    from {{ 'without_erased' if has_erasures() else 'worded' }}
{%- endmacro %}
