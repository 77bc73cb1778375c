{#- A table's standard name: DimTrade for dim_trade. -#}
{% macro standard_name(table_name) -%}
    {%- set parts = [] -%}
    {%- for part in table_name.split('_') -%}{%- do parts.append(part | capitalize) -%}{%- endfor -%}
    {{ return(parts | join) }}
{%- endmacro %}

{#- [(dimension, foreign key), …] of a fact: its own keys, then those that its `config.meta.joins` names. -#}
{% macro joined_dimensions(fact) -%}
    {%- set joins = fact.config.meta.joins or {} -%}
    {%- set own, named = [], [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.fqn[1:3] == ['core', 'dimensions'] and node.name.startswith('dim_') -%}
        {%- set key = node.name | replace('dim_', 'sk_', 1) ~ '_id' -%}
        {%- if node.name in joins -%}
            {%- do named.append((node, joins[node.name])) -%}
        {%- elif key in fact.columns -%}
            {%- do own.append((node, 'facts.' ~ key)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(own + named) }}
{%- endmacro %}

{#- A node's table: by ref() where the model declares that it depends on it, so that unit tests can give rows for it. -#}
{% macro declared_or_found(node) -%}
    {{ return(ref(node.name) if node.unique_id in model.depends_on.nodes else relation_of(node)) }}
{%- endmacro %}
