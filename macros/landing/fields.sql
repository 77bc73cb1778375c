{#- The parts of reading that engines write differently: `fields` is a list of text, null where a field is empty. All
    dispatch by engine. An erasure renders them, too, without dbt (scripts/landing/readable.py). -#}

{#- One of the fields, from 1; null beyond the last. -#}
{% macro field(number) -%}
    {{ return(adapter.dispatch('field')(number)) }}
{%- endmacro %}

{% macro duckdb__field(number) -%}
    {{ return('fields[' ~ number ~ ']') }}
{%- endmacro %}

{% macro spark__field(number) -%}
    {{ return('get(fields, ' ~ (number - 1) ~ ')') }}
{%- endmacro %}

{#- How many fields there are. -#}
{% macro field_count() -%}
    {{ return(adapter.dispatch('field_count')()) }}
{%- endmacro %}

{% macro duckdb__field_count() -%}
    {{ return('len(fields)') }}
{%- endmacro %}

{% macro spark__field_count() -%}
    {{ return('size(fields)') }}
{%- endmacro %}

{#- Whether all fields after some number of them are empty. -#}
{% macro are_empty_after(count) -%}
    {{ return(adapter.dispatch('are_empty_after')(count)) }}
{%- endmacro %}

{% macro duckdb__are_empty_after(count) -%}
    {{ return('list_count(fields[' ~ (count + 1) ~ ':]) = 0') }}
{%- endmacro %}

{% macro spark__are_empty_after(count) -%}
    {{ return(
        '(size(fields) = ' ~ count ~ ' or size(filter(slice(fields, ' ~ (count + 1)
        ~ ', size(fields)), field -> field is not null)) = 0)'
    ) }}
{%- endmacro %}

{#- A line's fields, quotes resolved. -#}
{% macro split_fields(layout) -%}
    {%- if layout.config.meta.format == 'pipe' -%}
        string_split(line, '|')
    {%- else -%}
        list_transform(
            regexp_extract_all(line || ',', '("(?:[^"]|"")*"|[^,]*),', 1),
            lambda part: case
                when part like '"%"' then replace(part[2:-2], '""', '"')
                else part
            end
        )
    {%- endif -%}
{%- endmacro %}

{#- The same with null for an empty field. -#}
{% macro filled_fields(layout) -%}
    list_transform({{ split_fields(layout) }}, lambda field: nullif(field, ''))
{%- endmacro %}

{#- A text as a value of a type; null where it is none. -#}
{% macro typed_value(text, data_type) -%}
    {{ return(adapter.dispatch('typed_value')(text, data_type)) }}
{%- endmacro %}

{% macro duckdb__typed_value(text, data_type) -%}
    {{ return('try_cast(' ~ text ~ ' as ' ~ data_type ~ ')') }}
{%- endmacro %}

{#- Spark takes 2020 for a date and no 5.0 for a whole number. -#}
{% macro spark__typed_value(text, data_type) -%}
    {%- if is_whole_type(data_type) -%}
        {{ return(
            'case when ' ~ fits_whole_type('try_cast(' ~ text ~ ' as double)', data_type)
            ~ ' then cast(try_cast(' ~ text ~ ' as double) as ' ~ data_type ~ ') end'
        ) }}
    {%- endif -%}
    {%- set pattern = {
        'date': '^[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}$',
        'timestamp': '^[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}([ T]|$)',
        'time': '^([01]?[0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$',
    }.get(data_type) -%}
    {%- set value = 'try_cast(' ~ text ~ ' as ' ~ engine_type(data_type) ~ ')' -%}
    {{ return('case when ' ~ text ~ " rlike '" ~ pattern ~ "' then " ~ value ~ ' end' if pattern else value) }}
{%- endmacro %}

{#- A text as a date, or a timestamp, of some format; null where it is none. -#}
{% macro parsed_time(text, date_format, data_type) -%}
    {{ return(adapter.dispatch('parsed_time')(text, date_format, data_type)) }}
{%- endmacro %}

{% macro duckdb__parsed_time(text, date_format, data_type) -%}
    {{ return('try_strptime(' ~ text ~ ", '" ~ date_format ~ "')" ~ ('::date' if data_type == 'date' else '')) }}
{%- endmacro %}

{% macro spark__parsed_time(text, date_format, data_type) -%}
    {%- set parts = {'%Y': 'yyyy', '%m': 'MM', '%d': 'dd', '%H': 'HH', '%M': 'mm', '%S': 'ss'} -%}
    {%- set pattern = namespace(text=date_format) -%}
    {%- for part, letters in parts.items() -%}{%- set pattern.text = pattern.text | replace(part, letters) -%}{%- endfor -%}
    {{ return('cast(try_to_timestamp(' ~ text ~ ", '" ~ pattern.text ~ "') as " ~ engine_type(data_type) ~ ')') }}
{%- endmacro %}

{#- A row's fault, as a struct. Every argument is SQL. -#}
{% macro failed_check(column_name, reason_code, found_value, expected) -%}
    {{ return(adapter.dispatch('failed_check')(column_name, reason_code, found_value, expected)) }}
{%- endmacro %}

{% macro duckdb__failed_check(column_name, reason_code, found_value, expected) -%}
    {
                'column_name': {{ column_name }},
                'reason_code': {{ reason_code }},
                'found_value': {{ found_value }},
                'expected': {{ expected }}
            }
{%- endmacro %}

{% macro spark__failed_check(column_name, reason_code, found_value, expected) -%}
    named_struct(
                'column_name', {{ column_name }},
                'reason_code', {{ reason_code }},
                'found_value', {{ found_value }},
                'expected', {{ expected }}
            )
{%- endmacro %}
