{#- dbt: every test declared on a column or model asks `get_where_subquery` for what it reads.
    Here: it reads the gate of publication as well, as tests in tests/ do by never_stops_the_load().
    Why: `dbt build` skips all that is downstream of what a failed test reads; a load must not stop there.
    Without it: `make governance` names every test that would stop a load. -#}
{% macro get_where_subquery(relation) -%}
    {%- do never_stops_the_load() -%}
    {%- do return(adapter.dispatch('get_where_subquery', 'dbt')(relation)) -%}
{%- endmacro %}

{#- dbt: never renders its own `unique` and `not_null` when it looks for what a test reads, and would miss the gate.
    Here: the same two tests, which are rendered. -#}
{% test unique(model, column_name) %}
    {{ return(adapter.dispatch('test_unique', 'dbt')(model, column_name)) }}
{% endtest %}

{% test not_null(model, column_name) %}
    {{ return(adapter.dispatch('test_not_null', 'dbt')(model, column_name)) }}
{% endtest %}
