{#- Typed rows of a source's new files, as SQL: all of them in a first build, later those not loaded yet.
    Columns are those of the source's layout, after `batch_id` and, for a change file, `cdc_flag` and `cdc_dsn`.
    Rows that cannot be read are left out here and accounted for in operations.rejected_rows. -#}
{% macro read_landed(relation) -%}
    {%- if execute -%}
        {%- set source_name = relation.schema ~ '.' ~ relation.identifier -%}
        {%- set layout = landing_layout(source_name) -%}
        {{ without_erased(layout, adapter.dispatch('read_landed')(layout, source_name)) }}
    {%- else -%}
        select 1 as batch_id
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__read_landed(layout, source_name) -%}
    {%- set files = landed_paths(source_name) -%}
    {%- set format = layout.config.meta.format -%}
    {%- if not files -%}
        {{ no_landed_rows(layout) }}
    {%- elif format == 'xml' -%}
        {{ duckdb__read_xml(layout) }}
    {%- elif format == 'fixed' -%}
        {{ duckdb__read_fixed(layout, files) }}
    {%- elif format == 'audit' -%}
        {{ duckdb__read_audit(files) }}
    {%- else -%}
        {{ duckdb__read_delimited(layout, files) }}
    {%- endif -%}
{%- endmacro %}

{#- Spark reads each row together with its fault; rows without one remain. -#}
{% macro spark__read_landed(layout, source_name) -%}
    {%- set files = landed_paths(source_name) -%}
    {%- set format = layout.config.meta.format -%}
    {%- if not files -%}{{ return(no_landed_rows(layout)) }}{%- endif -%}
    select
        {%- if format == 'audit' %}
        {{ spark__audit_columns() | indent(8) }}
        {%- else %}
        {%- for name, _ in landed_columns(layout) %}
        {{ {
            'landed_file': 'file_name' if format == 'xml' else "substring_index(file_name, '/', -1)",
            'line_number': 'line_number' if format == 'xml' else ('place' if layout.config.meta.ordered else 'cast(null as bigint)'),
        }.get(name, name) }} as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
        {%- endif %}
    from (
        {{ numbered_fields(layout, files) if format == 'audit' else checked_rows(layout, files, ['place'] if layout.config.meta.ordered else []) }}
    ) as landed
    where {{ 'line_number > 1' if format == 'audit' else 'failed is null' }}
{%- endmacro %}

{#- [(batch_id, path, name), …] of the files that a staging model has to read now, parts of one file in the order of their
    numbers. -#}
{% macro landed_paths(source_name) -%}
    {%- if is_incremental() and flags.WHICH in ['run', 'build'] -%}
        {%- if has_no_new_files(source_name) -%}{{ return([]) }}{%- endif -%}
        {%- set files = new_landed_files(source_name) -%}
    {%- else -%}
        {%- set files = "select * from landing_area where source_name = '" ~ source_name ~ "'" -%}
    {%- endif -%}
    {%- set found = run_query(
        "select batch_id, file_path, file_name from (" ~ files ~ ") as files
        order by
            batch_id,
            regexp_replace(file_path, '_[0-9]+([.][a-z]+)?$', ''),
            " ~ part_number('file_path') ~ ",
            file_path"
    ) -%}
    {{ return(found.rows | list) }}
{%- endmacro %}

{#- The number of a part of a file, as SQL; 0 for a whole file. -#}
{% macro part_number(file_name) -%}
    coalesce(cast(nullif(regexp_extract({{ file_name }}, '_([0-9]+)([.][a-z]+)?$', 1), '') as bigint), 0)
{%- endmacro %}

{#- The columns that a source's reader gives, with their types. -#}
{% macro landed_columns(layout) -%}
    {%- set columns = [('batch_id', 'integer')] -%}
    {%- if layout.config.meta.cdc -%}
        {%- do columns.extend([('cdc_flag', 'varchar'), ('cdc_dsn', 'bigint')]) -%}
    {%- endif -%}
    {%- for column in layout.columns.values() if column.name != 'batch_id' -%}
        {%- do columns.append((column.name, 'varchar' if layout.config.meta.format == 'xml' else landed_type(column))) -%}
    {%- endfor -%}
    {%- if layout.config.meta.format == 'audit' -%}
        {%- do columns.extend([('landed_file', 'varchar'), ('landed_batch_id', 'integer')]) -%}
    {%- endif -%}
    {%- if layout.config.meta.format in ['xml', 'fixed'] -%}
        {%- do columns.extend([('landed_file', 'varchar'), ('line_number', 'bigint')]) -%}
    {%- endif -%}
    {%- if layout.config.meta.format == 'xml' -%}
        {%- do columns.append(('byte_offset', 'bigint')) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{#- A column's type after reading: text with a date format becomes a date or a timestamp. -#}
{% macro landed_type(column) -%}
    {%- set pattern = column.config.meta.date_format -%}
    {{ return(column.data_type if not pattern else ('timestamp' if '%H' in pattern else 'date')) }}
{%- endmacro %}

{#- The same columns without a row, for a landing area that has none. -#}
{% macro no_landed_rows(layout) -%}
    select
        {% for name, type in landed_columns(layout) -%}
        cast(null as {{ engine_type(type) }}) as {{ name }}{{ "," if not loop.last }}
        {% endfor -%}
    where false
{%- endmacro %}

{#- What a row must satisfy beyond its types: required columns are there, codes are known. -#}
{% macro landed_conditions(layout, with_cdc=false) -%}
    {%- set conditions = ["cdc_flag in ('I', 'U')", "cdc_dsn is not null"] if with_cdc else [] -%}
    {%- for column in layout.columns.values() -%}
        {%- set meta = column.config.meta -%}
        {%- if meta.accepted_values -%}
            {%- do conditions.append(column.name ~ " in ('" ~ meta.accepted_values | join("', '") ~ "')") -%}
        {%- elif meta.required -%}
            {%- do conditions.append(column.name ~ ' is not null') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(conditions | join('\n    and ') if conditions else 'true') }}
{%- endmacro %}
