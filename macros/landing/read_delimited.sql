{#- Delimited files: one scan for batch 1, one for later batches of a change file, whose rows start with two more
    columns. `files` is [(batch_id, path), …]. -#}
{% macro duckdb__read_delimited(layout, files) -%}
    {%- set cdc = layout.config.meta.cdc -%}
    {%- set first = files | selectattr(0, 'equalto', 1) | list -%}
    {%- set later = files | rejectattr(0, 'equalto', 1) | list -%}
    {%- if first -%}
        {{ duckdb__scan_delimited(layout, first, false) }}
    {%- endif -%}
    {%- if first and later %}
        union all
    {% endif -%}
    {%- if later -%}
        {{ duckdb__scan_delimited(layout, later, cdc) }}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__scan_delimited(layout, files, with_cdc) -%}
    select
        {{ batch_of_file(files) }} as batch_id,
        {%- if layout.config.meta.cdc %}
        {{ '' if with_cdc else 'null::varchar as ' }}cdc_flag,
        {{ 'cdc_dsn::bigint' if with_cdc else 'null::bigint' }} as cdc_dsn,
        {%- endif %}
        {%- for column in layout.columns.values() %}
        {{ column.name ~ ('::' ~ column.data_type ~ ' as ' ~ column.name if is_whole_type(column.data_type)) }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from
        read_csv(
            {{ path_list(files) | indent(8) }},
            columns = {
                {%- if with_cdc %}
                'cdc_flag': 'varchar',
                'cdc_dsn': 'double',
                {%- endif %}
                {%- for column in layout.columns.values() %}
                '{{ column.name }}': '{{ 'double' if is_whole_type(column.data_type) else column.data_type }}'
                {{- "," if not loop.last }}
                {%- endfor %}
            },
            {%- if layout.config.meta.format == 'pipe' %}
            delim = '|', quote = '', escape = '',
            {%- else %}
            delim = ',', quote = '"', escape = '"',
            {%- endif %}
            auto_detect = false, header = false, ignore_errors = true
        )
    where
        {{ landed_conditions(layout, with_cdc) | indent(8) }}
        {%- if with_cdc %}
        and {{ fits_whole_type('cdc_dsn', 'bigint') }}
        {%- endif %}
        {%- for column in layout.columns.values() if is_whole_type(column.data_type) %}
        and ({{ column.name ~ ' is null or ' if not column.config.meta.required }}{{ fits_whole_type(column.name, column.data_type) }})
        {%- endfor %}
{%- endmacro %}

{#- Whether a type is one of whole numbers. DuckDB rounds what it reads into those, so they are read as fractions and
    looked at first. -#}
{% macro is_whole_type(data_type) -%}
    {{ return(data_type in ['integer', 'bigint']) }}
{%- endmacro %}

{#- Whether a fraction is a whole number that a type can hold, as SQL; from 2^53 on, fractions lose digits. -#}
{% macro fits_whole_type(number, data_type) -%}
    {%- set largest = '2147483647' if data_type == 'integer' else '9007199254740991' -%}
    ({{ number }} = floor({{ number }}) and {{ number }} between -{{ largest }} and {{ largest }})
{%- endmacro %}

{#- Whether a text is a value of a type, as SQL. -#}
{% macro fits_type(text, data_type) -%}
    {%- if is_whole_type(data_type) -%}
        coalesce({{ fits_whole_type('try_cast(' ~ text ~ ' as double)', data_type) }}, false)
    {%- else -%}
        {{ typed_value(text, data_type) }} is not null
    {%- endif -%}
{%- endmacro %}

{#- Control totals, read as leniently as they come: a value that is no number is null, never an error. The first line
    of their files names the columns. -#}
{% macro duckdb__read_audit(files) -%}
    select
        {{ batch_of_file(files) }} as landed_batch_id,
        trim(data_set) as data_set,
        try_cast(trim(batch_id) as integer) as batch_id,
        try_cast(trim(date) as date) as date,
        trim(attribute) as attribute,
        try_cast(trim(value) as decimal(18, 2)) as value,
        try_cast(trim(d_value) as decimal(18, 5)) as d_value,
        parse_filename(filename) as landed_file
    from
        read_csv(
            {{ path_list(files) | indent(8) }},
            columns = {
                'data_set': 'varchar', 'batch_id': 'varchar', 'date': 'varchar',
                'attribute': 'varchar', 'value': 'varchar', 'd_value': 'varchar'
            },
            delim = ',', quote = '"', escape = '"',
            auto_detect = false, header = true, ignore_errors = true, null_padding = true
        )
{%- endmacro %}

{% macro spark__audit_columns() -%}
    batch_id as landed_batch_id,
    trim({{ field(1) }}) as data_set,
    {{ typed_value('trim(' ~ field(2) ~ ')', 'integer') }} as batch_id,
    {{ typed_value('trim(' ~ field(3) ~ ')', 'date') }} as date,
    trim({{ field(4) }}) as attribute,
    {{ typed_value('trim(' ~ field(5) ~ ')', 'decimal(18, 2)') }} as value,
    {{ typed_value('trim(' ~ field(6) ~ ')', 'decimal(18, 5)') }} as d_value,
    substring_index(file_name, '/', -1) as landed_file
{%- endmacro %}
