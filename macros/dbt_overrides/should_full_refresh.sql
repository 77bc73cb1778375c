{#- dbt: true by --full-refresh or by the model's own setting.
    Here: also true if files of the model's sources were replaced, or came late to a batch that it has taken
    (macros/accounting/retract_files.sql).
    Why: a model finds what is new by batch, and would miss them.
    Without it: tests/python/test_corrections.py fails. -#}
{% macro should_full_refresh() -%}
    {{ return(dbt.should_full_refresh() or (execute and model.name in rebuilds_due())) }}
{%- endmacro %}

{#- Names of the models to rebuild. -#}
{% macro rebuilds_due() -%}
    {{ return((state_at_start() or {}).get('rebuilds_due') or []) }}
{%- endmacro %}
