{#- dbt: makes a table under another name, renames twice and drops the old one.
    Here: rebuilds it in one transaction, in one statement.
    Why: readers see the old rows meanwhile, and a run that is killed leaves them.
    Without it: tests/python/test_materializations.py fails. -#}
{% materialization table, adapter='duckdb' %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- do check_contract(compiled_code) -%}
    {% call statement('main') -%}
        {{ create_anew(load_cached_relation(this), compiled_code) }}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{#- Statements that replace the relation of the model's name with a table of its rows, with its contract's
    constraints. -#}
{% macro create_anew(existing, sql) -%}
    {{ 'drop view ' ~ existing ~ ';' if existing is not none and existing.is_view }}
    {% if config.get('contract').enforced -%}
        create or replace table {{ this }} {{ get_table_columns_and_constraints() }};
        insert into {{ this }} by name (
            {{ sql }}
        )
    {%- else -%}
        create or replace table {{ this }} as (
            {{ sql }}
        )
    {%- endif %}
{%- endmacro %}

{#- Stop if a query's columns differ from its model's contract, if it has one. dbt's own also asks the
    database what the contract's types are, which is done here only if the two are spelled differently. -#}
{% macro check_contract(sql, given=none) -%}
    {%- if config.get('contract').enforced -%}
        {%- set agreed = {} -%}
        {%- for column in model.columns.values() -%}
            {%- do agreed.update({column.name: (column.data_type or '') | upper}) -%}
        {%- endfor -%}
        {%- if agreed != (given or described(sql)) -%}
            {%- do assert_columns_equivalent(sql) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- {name: type, …} of a query's columns. -#}
{% macro described(sql) -%}
    {%- set columns = {} -%}
    {%- for row in run_query('describe (' ~ sql ~ '\n)').rows -%}
        {%- do columns.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
