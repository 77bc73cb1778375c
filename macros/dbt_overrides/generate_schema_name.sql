{#- dbt: puts the target's schema before the folder's (`main_core`).
    Here: the folder's alone, since a warehouse is a file, or a catalog, of its own.
    Without it: every test that names `core.dim_customer` fails. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
