{#- A table's standard name: DimTrade for dim_trade. -#}
{% macro standard_name(table_name) -%}
    {%- set parts = [] -%}
    {%- for part in table_name.split('_') -%}{%- do parts.append(part | capitalize) -%}{%- endfor -%}
    {{ return(parts | join) }}
{%- endmacro %}

{#- [(model, standard name), …] of the tables of core that are counted: dimensions, and facts that take a feed's rows.
    Prospects are counted by their first listing. -#}
{% macro counted_tables() -%}
    {%- set tables = [] -%}
    {%- for node in (graph.nodes or {}).values()
        if node.resource_type == 'model' and node.name != 'prospect' and (
            node.fqn[1:3] == ['core', 'dimensions'] or node.fqn[1:3] == ['core', 'facts'] and node.config.meta.takes
        ) -%}
        {%- do tables.append((node.name, standard_name(node.name))) -%}
    {%- endfor -%}
    {{ return(tables | sort) }}
{%- endmacro %}

{#- [(fact, column that names the batch, [(dimension, foreign key as SQL), …]), …] of the facts that take a feed's rows: the
    dimensions that each row joins, by the key that is named after the dimension, then by those that the fact's
    `config.meta.joins` names. -#}
{% macro joined_facts() -%}
    {%- set facts = [] -%}
    {%- for fact in (graph.nodes or {}).values()
        if fact.resource_type == 'model' and fact.fqn[1:3] == ['core', 'facts'] and fact.name.startswith('fact_')
        and fact.config.meta.takes -%}
        {%- do facts.append((
            fact.name, (fact.config.meta.profile or {}).get('batch_column', 'batch_id'), joined_dimensions(fact)
        )) -%}
    {%- endfor -%}
    {{ return(facts) }}
{%- endmacro %}

{#- [(dimension, foreign key as SQL), …] of a fact: its own keys, then those that its `config.meta.joins` names. -#}
{% macro joined_dimensions(fact) -%}
    {%- set joins = fact.config.meta.joins or {} -%}
    {%- set own, named = [], [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.fqn[1:3] == ['core', 'dimensions'] and node.name.startswith('dim_') -%}
        {%- set key = node.name | replace('dim_', 'sk_', 1) ~ '_id' -%}
        {%- if node.name in joins -%}
            {%- do named.append((node.name, joins[node.name])) -%}
        {%- elif key in fact.columns -%}
            {%- do own.append((node.name, 'facts.' ~ key)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(own + named) }}
{%- endmacro %}

{#- A model's table: by ref() where the caller declares that it depends on it, so that unit tests can give rows for it. -#}
{% macro declared_or_found(name) -%}
    {%- set unique_id = 'model.' ~ project_name ~ '.' ~ name -%}
    {{ return(ref(name) if unique_id in model.depends_on.nodes else relation_of(graph.nodes[unique_id])) }}
{%- endmacro %}

{#- Makes the model that calls it depend on all models of core that take or resolve rows of a feed, so that they come
    before. -#}
{% macro depend_on_core() -%}
    {%- if not execute -%}
        {%- for entry in declared('models') -%}
            {%- set meta = entry.get('config', {}).get('meta', {}) -%}
            {%- if meta.takes or meta.resolves -%}
                {%- do ref(entry.name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do ref('dim_broker') -%}
    {%- endif -%}
{%- endmacro %}
