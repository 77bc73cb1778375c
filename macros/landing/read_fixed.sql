{#- Fixed-width files that mix record types: the records of one type, cut by the widths of its layout. Positions are
    characters; trailing blanks may be missing. `files` is [(batch_id, path), …].

    A layout with `ordered: true` also gets `line_number`, the record's place among all lines of the files, which
    decides between records of the same second. Numbering lines takes a single thread, so the others go without. -#}
{% macro duckdb__read_fixed(layout, files) -%}
    with lines as (
        select
            {{ batch_of_file(files) }} as batch_id,
            parse_filename(filename) as landed_file,
            {{ 'row_number() over ()' if layout.config.meta.ordered else 'null::bigint' }} as line_number,
            line
        from {{ duckdb__lines_of(files) }}
    ),

    -- The limit takes every row. It keeps the conditions below from being pushed into the projection, where each
    -- field would be cut out and parsed once more.
    typed as (
        select
            batch_id,
            {%- for column in layout.columns.values() %}
            {{ fixed_value(layout, column) }} as {{ column.name }},
            {%- endfor %}
            landed_file,
            line_number
        from lines
        where
            substring(line, 16, 3) = '{{ layout.config.meta.record_type }}'
            {%- for column in layout.columns.values()
                if not column.config.meta.required and fixed_value(layout, column) != fixed_text(layout, column) %}
            and ({{ fixed_text(layout, column) }} is null or {{ fixed_value(layout, column) }} is not null)
            {%- endfor %}
        limit 9223372036854775807
    )

    select *
    from typed
    where
        {{ landed_conditions(layout) | indent(8) }}
{%- endmacro %}

{#- The batch of the file a row comes from, as SQL. -#}
{% macro batch_of_file(files) -%}
    {%- set batches = files | map(attribute=0) | list -%}
    {%- if batches | unique | list | length == 1 -%}
        {{ batches[0] }}::integer
    {%- else -%}
        {{ batches }}[cast(file_index as bigint) + 1]::integer
    {%- endif -%}
{%- endmacro %}

{#- A list of paths as SQL. -#}
{% macro path_list(files) -%}
    [
        {%- for file in files %}
        '{{ file[1] | replace("'", "''") }}'{{ "," if not loop.last }}
        {%- endfor %}
    ]
{%- endmacro %}

{#- Whole lines of text files, as a table function with one column, `line`. -#}
{% macro duckdb__lines_of(files, options='') -%}
    read_csv(
        {{ path_list(files) }},
        columns = {'line': 'varchar'}, delim = chr(1), quote = '', escape = '',
        auto_detect = false, header = false, ignore_errors = true {{ options }}
    )
{%- endmacro %}

{#- Lines of a layout's files, as [(batch_id, path, name), …], with their numbers from 1 in each file. Dispatches by
    engine. -#}
{% macro numbered_lines(layout, files) -%}
    {{ return(adapter.dispatch('numbered_lines')(layout, files)) }}
{%- endmacro %}

{#- One thread reads, so that they come in order. -#}
{% macro duckdb__numbered_lines(layout, files) -%}
    {%- for file in files %}
    select
        {{ file[0] }}::integer as batch_id,
        '{{ file[2] | replace("'", "''") }}' as file_name,
        rtrim(line, chr(13)) as line,
        row_number() over () as line_number
    from {{ duckdb__lines_of([file], ', parallel = false') }}
    {{ "union all" if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- The data source has cut delimited lines into fields, and counts `place` on from file to file. -#}
{% macro spark__numbered_lines(layout, files) -%}
    select *
    from landing_{{ layout.source_name }}__{{ layout.name }}
    where file_name in ('{{ files | map(attribute=2) | join("', '") }}')
{%- endmacro %}

{#- The text of one field, without blanks around it; null where nothing is left. -#}
{% macro fixed_text(layout, column) -%}
    nullif(trim({{ fixed_field(layout, column) }}), '')
{%- endmacro %}

{#- One field, unchanged from the line. -#}
{% macro fixed_field(layout, column) -%}
    {%- set at = namespace(position=1, found=false) -%}
    {%- for other in layout.columns.values() -%}
        {%- if other.name == column.name -%}{%- set at.found = true -%}{%- endif -%}
        {%- if not at.found -%}{%- set at.position = at.position + other.config.meta.width -%}{%- endif -%}
    {%- endfor -%}
    substring(line, {{ at.position }}, {{ column.config.meta.width }})
{%- endmacro %}

{#- One field in its type; null where it is blank or does not fit. Numbers may have blanks around them. -#}
{% macro fixed_value(layout, column) -%}
    {%- if column.config.meta.date_format -%}
        {{ parsed_time(fixed_field(layout, column), column.config.meta.date_format, landed_type(column)) }}
    {%- elif column.data_type == 'varchar' -%}
        {{ fixed_text(layout, column) }}
    {%- elif is_whole_type(column.data_type) -%}
        {%- set text = fixed_field(layout, column) -%}
        case when {{ fits_type(text, column.data_type) }} then {{ typed_value(text, column.data_type) }} end
    {%- else -%}
        {{ typed_value(fixed_field(layout, column), column.data_type) }}
    {%- endif -%}
{%- endmacro %}
