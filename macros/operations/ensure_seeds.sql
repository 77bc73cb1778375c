{#- Load the seeds, so that hooks find them, and `dbt run` works on a new warehouse, and with rules as they stand, without
    `dbt seed` before it. -#}
{% macro ensure_seeds() -%}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {%- set statements = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'seed' and node.package_name == project_name -%}
            {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- if relation is none or flags.WHICH == 'run' -%}
                {%- do statements.append(adapter.dispatch('load_seed_file')(node)) -%}
            {%- endif -%}
            {%- if relation is none -%}
                {#- dbt cached the relations before this table was made. -#}
                {%- do adapter.cache_added(api.Relation.create(
                    database=node.database, schema=node.schema, identifier=node.alias, type='table'
                )) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if statements | select | list -%}
            {%- do run_query(statements | join('; ')) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- scripts/spark runs `dbt seed` before. -#}
{% macro spark__load_seed_file(node) -%}{%- endmacro %}

{#- Statements that read a seed's file into its table. -#}
{% macro duckdb__load_seed_file(node) -%}
    {%- set columns = [] -%}
    {%- for name, type in node.config.column_types.items() -%}
        {%- do columns.append("'" ~ name ~ "': '" ~ type ~ "'") -%}
    {%- endfor -%}
    create schema if not exists {{ node.schema }};
    create or replace table {{ node.schema }}.{{ node.alias }} as
    select * from read_csv(
        '{{ node.original_file_path }}', header = true, delim = ',', quote = '"', escape = '"',
        columns = { {{- columns | join(', ') -}} }
    )
{%- endmacro %}
