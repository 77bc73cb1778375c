{#- Stop a run that would end in SQL errors because what its models read is neither in the warehouse nor selected. -#}
{% macro check_parents() -%}
    {%- if execute and flags.WHICH in ['run', 'build', 'snapshot'] -%}
        {%- set children = [] -%}
        {%- set missing = [] -%}
        {%- for id in selected_resources | sort if id.split('.')[0] in ['model', 'snapshot'] -%}
            {%- for parent in stored_parents(graph.nodes[id]) if parent.unique_id not in selected_resources -%}
                {#- `dbt run` has loaded the seeds. -#}
                {%- if not (flags.WHICH == 'run' and parent.resource_type == 'seed')
                    and adapter.get_relation(parent.database, parent.schema, parent.alias) is none -%}
                    {%- do children.append(graph.nodes[id].name) -%}
                    {%- do missing.append(parent.name) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if missing -%}
            {%- set children = children | unique | list -%}
            {%- set missing = missing | unique | list -%}
            {%- do end_run([], refused=true) -%}
            {%- do exceptions.raise_compiler_error(
                'The warehouse does not have what ' ~ children[:3] | join(', ') ~ (' and others' if children | length > 3)
                ~ ' would be built from: ' ~ missing[:5] | join(', ')
                ~ (' and ' ~ (missing | length - 5) ~ ' more' if missing | length > 5) ~ '.\nSelect that, too: dbt '
                ~ flags.WHICH ~ (
                    ' --select +' ~ children | join(' +') if children | length <= 3 else ', without --select, builds all'
                ) ~ '.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- The models, seeds and snapshots that a node's SQL reads from the warehouse; ephemeral ones are looked through. -#}
{% macro stored_parents(node) -%}
    {%- set found = [] -%}
    {%- for id in node.depends_on.nodes if id in graph.nodes -%}
        {%- set parent = graph.nodes[id] -%}
        {%- if parent.config.materialized == 'ephemeral' -%}
            {%- do found.extend(stored_parents(parent)) -%}
        {%- else -%}
            {%- do found.append(parent) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
