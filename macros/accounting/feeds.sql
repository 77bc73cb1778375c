{#- Feeds, from dbt's graph. A feed is a source table with a file in its layout, except control totals.
    Only where dbt executes: the graph is empty while it parses. -#}

{#- Names of all feeds, such as brokerage.trade. -#}
{% macro feeds() -%}
    {%- set names = [] -%}
    {%- for node in (graph.sources or {}).values() if node.config.meta.file and node.config.meta.format != 'audit' -%}
        {%- do names.append(node.source_name ~ '.' ~ node.name) -%}
    {%- endfor -%}
    {{ return(names | sort) }}
{%- endmacro %}

{#- The source's node in dbt's graph: columns and settings of its layout. -#}
{% macro landing_layout(source_name) -%}
    {%- set parts = source_name.split('.') -%}
    {%- for node in (graph.sources or {}).values() if node.source_name == parts[0] and node.name == parts[1] -%}
        {{ return(node) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error('No source ' ~ source_name ~ ' is defined in models/staging.') -%}
{%- endmacro %}

{#- The staging model of a feed, as a node. -#}
{% macro staging_model(source_name) -%}
    {%- set source_id = landing_layout(source_name).unique_id -%}
    {%- for node in (graph.nodes or {}).values()
        if node.resource_type == 'model' and node.fqn[1] == 'staging' and source_id in node.depends_on.nodes -%}
        {{ return(node) }}
    {%- endfor -%}
{%- endmacro %}

{#- The model that resolves a feed's parents, as a node; none where its rows have no parents. -#}
{% macro resolved_model(source_name) -%}
    {%- for node in (graph.nodes or {}).values()
        if node.resource_type == 'model' and node.config.meta.resolves == source_name -%}
        {{ return(node) }}
    {%- endfor -%}
{%- endmacro %}

{#- Models of core that declare the feeds they take, as nodes. -#}
{% macro taking_models(source_name) -%}
    {%- set found = [] -%}
    {%- for node in (graph.nodes or {}).values()
        if node.resource_type == 'model' and source_name in (node.config.meta.takes or {}) -%}
        {%- do found.append(node) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- A node's table, as a relation. A reference by ref() would make the caller depend on it. -#}
{% macro relation_of(node) -%}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
{%- endmacro %}

{#- A table of operations that hooks write, as a relation. -#}
{% macro hook_table(name) -%}
    {{ return(relation_of(graph.nodes['model.' ~ project_name ~ '.' ~ name])) }}
{%- endmacro %}

{#- Body of a model whose rows hooks write, in the transaction of the change they record: it gives the table its shape,
    from the columns in its YAML, and never a row. -#}
{% macro written_by_hooks() -%}
    select
    {%- for column in model.columns.values() if execute %}
        cast(null as {{ engine_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- else %}
        1 as nothing
    {%- endfor %}
    where false
{%- endmacro %}
