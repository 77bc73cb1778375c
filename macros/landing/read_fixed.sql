{#- Fixed-width files that mix record types: the lines of one type, cut by the widths of its layout. Positions are
    characters; trailing blanks may be missing. `files` is [(batch_id, path), …]. -#}
{% macro duckdb__read_fixed(layout, files) -%}
    with lines as (
        {{ duckdb__numbered_lines(files) }}
    ),

    records as (
        select batch_id, landed_file, line_number, line
        from lines
        where
            substring(line, 16, 3) = '{{ layout.config.meta.record_type }}'
            {%- for column in layout.columns.values()
                if not column.config.meta.required and fixed_value(layout, column) != fixed_text(layout, column) %}
            and ({{ fixed_text(layout, column) }} is null or {{ fixed_value(layout, column) }} is not null)
            {%- endfor %}
    ),

    typed as (
        select
            batch_id,
            {%- for column in layout.columns.values() %}
            {{ fixed_value(layout, column) }} as {{ column.name }},
            {%- endfor %}
            landed_file,
            line_number
        from records
    )

    select *
    from typed
    where
        {{ landed_conditions(layout) | indent(8) }}
{%- endmacro %}

{#- Lines of files that fit in memory one by one, with their numbers from 1. -#}
{% macro duckdb__numbered_lines(files) -%}
    {%- set batches = files | map(attribute=0) | list %}
        select
            {{ files[0][0] if batches | unique | list | length == 1 else 'batch_of_file' }}::integer as batch_id,
            landed_file,
            unnest(text_lines) as line,
            generate_subscripts(text_lines, 1) as line_number
        from (
            select
                parse_filename(filename) as landed_file,
                string_split(replace(content, chr(13), ''), chr(10)) as text_lines
            from
                read_text([
                    {% for file in files -%}
                    '{{ file[1] | replace("'", "''") }}'{{ "," if not loop.last }}
                    {% endfor %}
                ])
        )
{%- endmacro %}

{#- The text of one field, without blanks around it; null where nothing is left. -#}
{% macro fixed_text(layout, column) -%}
    {%- set at = namespace(position=1, found=false) -%}
    {%- for other in layout.columns.values() -%}
        {%- if other.name == column.name -%}{%- set at.found = true -%}{%- endif -%}
        {%- if not at.found -%}{%- set at.position = at.position + other.config.meta.width -%}{%- endif -%}
    {%- endfor -%}
    nullif(trim(substring(line, {{ at.position }}, {{ column.config.meta.width }})), '')
{%- endmacro %}

{#- One field in its type; null where the text does not fit. -#}
{% macro fixed_value(layout, column) -%}
    {%- set text = fixed_text(layout, column) -%}
    {%- if column.config.meta.date_format -%}
        try_strptime({{ text }}, '{{ column.config.meta.date_format }}'){{ '::date' if landed_type(column) == 'date' }}
    {%- elif column.data_type == 'varchar' -%}
        {{ text }}
    {%- else -%}
        try_cast({{ text }} as {{ column.data_type }})
    {%- endif -%}
{%- endmacro %}
