{#- Insert rows, given as SQL, into a table that hooks write. Columns are matched by name. Dispatches by engine. -#}
{% macro add_rows(table_name, rows) -%}
    {%- do adapter.dispatch('add_rows')(table_name, rows) -%}
{%- endmacro %}

{% macro duckdb__add_rows(table_name, rows) -%}
    {%- do run_query('insert into ' ~ hook_table(table_name) ~ ' by name ' ~ rows) -%}
{%- endmacro %}

{% macro spark__add_rows(table_name, rows) -%}
    {%- set columns = graph.nodes['model.' ~ project_name ~ '.' ~ table_name].columns.keys() | join(', ') -%}
    {%- do run_query('insert into ' ~ hook_table(table_name) ~ ' select ' ~ columns ~ ' from (' ~ rows ~ ') as given') -%}
{%- endmacro %}
