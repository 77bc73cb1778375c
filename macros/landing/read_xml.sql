{#- Elements of XML documents. The plugin streams them as text by path; here values must fit their types. An absent
    property stays null, one that is present and empty stays an empty string. -#}
{% macro duckdb__read_xml(layout) -%}
    select
        1::integer as batch_id,
        {%- for column in layout.columns.values() %}
        {{ column.name }},
        {%- endfor %}
        file_name as landed_file,
        line_number,
        byte_offset
    from landing_{{ layout.source_name }}__{{ layout.name }}
    where
        parse_error is null
        {%- for _, _, _, _, sound in xml_checks(layout) %}
        and ({{ sound }})
        {%- endfor %}
{%- endmacro %}

{#- [(column, reason code, value as SQL, what was expected, condition of a sound row), …] for rows of an XML layout. -#}
{% macro xml_checks(layout) -%}
    {%- set checks = [] -%}
    {%- for column in layout.columns.values() if not column.config.meta.presence -%}
        {%- set name, meta = column.name, column.config.meta -%}
        {%- if meta.required -%}
            {%- do checks.append((name, 'missing', name, none, "nullif(" ~ name ~ ", '') is not null")) -%}
        {%- endif -%}
        {%- if meta.accepted_values -%}
            {%- do checks.append((name, 'not_accepted', name, meta.accepted_values | join(', '),
                name ~ " is null or " ~ name ~ " in ('" ~ meta.accepted_values | join("', '") ~ "')")) -%}
        {%- endif -%}
        {%- if column.data_type != 'varchar' -%}
            {%- do checks.append((name, 'wrong_type', name, column.data_type,
                "nullif(" ~ name ~ ", '') is null or " ~ fits_type(name, column.data_type))) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for rule in layout.config.meta.rules or [] -%}
        {%- do checks.append((rule.column, 'rule_broken', rule.column, rule.reason, rule.requires)) -%}
    {%- endfor -%}
    {{ return(checks) }}
{%- endmacro %}
