{#- Take rows of new batches out of a staging model whose key another row of their batch has, as unreadable_rows will
    report them: identical rows but one, contradicting rows all. Contradicting rows of a lookup stop the load: rows that
    refer to them could not be read either way. Cheap where no key comes twice: one count of distinct hashes. -#}
{% macro take_out_duplicates(layout, batch_ids) -%}
    {%- if not landed_key(layout) -%}{{ return('') }}{%- endif -%}
    {%- set listed = batch_ids | join(', ') -%}
    {%- set key = staged_key(layout) | join(', ') -%}
    {%- set repeated = run_query(
        'select count(*) - count(distinct hash(batch_id, ' ~ key ~ ')) from ' ~ this ~ ' where batch_id in (' ~ listed ~ ')'
    ).columns[0][0] -%}
    {%- if repeated -%}
        {%- if layout.config.meta.lookup -%}
            {%- do refuse_contradictions(layout, batch_ids) -%}
        {%- endif -%}
        {%- set values = staged_values(layout) | join(', ') -%}
        {%- do run_query(
            'delete from ' ~ this ~ ' where rowid in (
                select row_id from (
                    select
                        rowid as row_id,
                        row_number() over (same_key order by rowid) as place,
                        min(hash(' ~ values ~ ')) over same_key <> max(hash(' ~ values ~ ')) over same_key as is_contradiction
                    from ' ~ this ~ '
                    where batch_id in (' ~ listed ~ ')
                    window same_key as (partition by batch_id, ' ~ key ~ ')
                )
                where place > 1 or is_contradiction
            )'
        ) -%}
    {%- endif -%}
{%- endmacro %}

{#- The columns of a staging model that hold what landed, without where it stood and how it was numbered. -#}
{% macro staged_values(layout) -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(this)
        if column.name not in ['batch_id', 'landed_file', 'line_number', 'byte_offset', 'cdc_flag', 'cdc_dsn'] -%}
        {%- do columns.append(column.name) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#- The columns that tell a row of a staging model from all others of its batch. -#}
{% macro staged_key(layout) -%}
    {%- set key = layout.config.meta['key'] -%}
    {%- set is_unique = key and not layout.config.meta.may_repeat -%}
    {{ return(key.values() | list if is_unique else staged_values(layout)) }}
{%- endmacro %}

{#- Stop the load where rows of a lookup have one key and different values. -#}
{% macro refuse_contradictions(layout, batch_ids) -%}
    {%- set source_name = layout.source_name ~ '.' ~ layout.name -%}
    {%- set found = run_query(
        'select file_name, line_number, found_value from (' ~ unreadable_rows(source_name, batch_ids)
        ~ ") where reason_code = 'contradicting_key' order by file_name, line_number limit 5"
    ) -%}
    {%- set lines = [] -%}
    {%- for row in found.rows -%}
        {%- do lines.append('  ' ~ row['file_name'] ~ ', line ' ~ row['line_number'] ~ ': same key as line '
            ~ row['found_value'] ~ ', but other values') -%}
    {%- endfor -%}
    {%- if lines -%}
        {%- do exceptions.raise_compiler_error(
            'A key of ' ~ layout.config.meta.file ~ ' stands for two things:\n' ~ lines | join('\n')
            ~ '\nHave the file corrected and run again. Nothing of it was loaded.'
        ) -%}
    {%- endif -%}
{%- endmacro %}
