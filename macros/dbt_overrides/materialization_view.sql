{#- dbt: makes a view under another name, renames twice and drops the old one.
    Here: replaces it in place by one statement, and its query names no catalog.
    Why: a reader with the old view open goes on reading it, and the file can be attached under any name.
    Without it: a warehouse that is attached under another name has views that name the old one. -#}
{% materialization view, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- do check_contract(compiled_code) -%}
    {% call statement('main') -%}
        {{ 'drop table ' ~ existing ~ ';' if existing is not none and not existing.is_view }}
        create or replace view {{ this }} as (
            {{ without_catalog(compiled_code) }}
        )
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}

{#- SQL of a view without the catalog's name: it would hold only where the file is attached under the name it had here,
    and whoever opens the file itself gives it another. -#}
{% macro without_catalog(sql) -%}
    {{ return(sql | replace(adapter.quote(this.database) ~ '.', '')) }}
{%- endmacro %}
