{#- Load seeds that are not in the warehouse yet, so that hooks and `dbt run` find them on a new one. -#}
{% macro ensure_seeds() -%}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'seed' and node.package_name == project_name -%}
            {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- if relation is none -%}
                {{ adapter.dispatch('load_seed_file')(node) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__load_seed_file(node) -%}{%- endmacro %}

{% macro duckdb__load_seed_file(node) -%}
    {%- do run_query('create schema if not exists ' ~ node.schema) -%}
    {%- set columns = [] -%}
    {%- for name, type in node.config.column_types.items() -%}
        {%- do columns.append("'" ~ name ~ "': '" ~ type ~ "'") -%}
    {%- endfor -%}
    {%- do run_query(
        'create table if not exists ' ~ node.schema ~ '.' ~ node.alias ~ " as select * from read_csv('"
        ~ node.original_file_path ~ "', header = true, columns = {" ~ columns | join(', ') ~ '})'
    ) -%}
{%- endmacro %}
