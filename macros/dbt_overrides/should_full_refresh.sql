{#- dbt answers by --full-refresh and by the model's own setting. Here a model is also built anew where its source's files
    were replaced or came late to a batch that it has taken already (macros/accounting/take_back.sql): it finds what is new
    by batch, and would miss them. tests/python/test_corrections.py fails without it. -#}
{% macro should_full_refresh() -%}
    {{ return(dbt.should_full_refresh() or (execute and model.name in rebuilds_due())) }}
{%- endmacro %}

{#- Names of the models that are to be built anew. -#}
{% macro rebuilds_due() -%}
    {{ return((state_at_start() or {}).get('rebuilds_due') or []) }}
{%- endmacro %}
