{#- Rows of a seed into its table. dbt's own does not escape quotes. -#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- set text = "'" ~ (row[name] | string | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'" -%}
            {%- do values.append(
                'cast(' ~ ('null' if row[name] is none else text) ~ ' as ' ~ types.get(name, 'string') ~ ')'
            ) -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- if rows -%}{%- do run_query('insert into ' ~ this ~ ' values ' ~ rows | join(', ')) -%}{%- endif -%}
    {{ return(rows | join(', ')) }}
{%- endmacro %}

{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set columns = {} -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.update({name: model['config'].get('column_types', {}).get(name, 'string')}) -%}
    {%- endfor -%}
    {%- do spark__declare(this, columns) -%}
{%- endmacro %}
