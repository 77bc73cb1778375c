{#- Data tests say whether a load may be published; they never stop it. `dbt build` skips what is downstream of all that
    a failed test reads, and so would skip exactly the tables that explain the failure: reconciliation, rejected rows,
    profiles, anomalies. A test that also reads the gate, of which nothing is downstream, holds nothing up.
    Each test in tests/ calls this; tests declared on a column or a model get it below. -#}
{% macro never_stops_the_load() -%}
    {%- do source('publication', 'gate') -%}
{%- endmacro %}

{#- dbt's own, which all tests declared on columns and models go through. -#}
{% macro get_where_subquery(relation) -%}
    {%- do never_stops_the_load() -%}
    {%- do return(adapter.dispatch('get_where_subquery', 'dbt')(relation)) -%}
{%- endmacro %}

{#- The same two tests as dbt's own: those it never renders when it looks for what a test reads, and would miss the gate. -#}
{% test unique(model, column_name) %}
    {{ return(adapter.dispatch('test_unique', 'dbt')(model, column_name)) }}
{% endtest %}

{% test not_null(model, column_name) %}
    {{ return(adapter.dispatch('test_not_null', 'dbt')(model, column_name)) }}
{% endtest %}
