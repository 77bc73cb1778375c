{#- The table that notes which files each staging model has loaded; written by log_landing. -#}
{% macro landing_log() -%}
    {{ return(api.Relation.create(database=target.database, schema='operations', identifier='landing_log')) }}
{%- endmacro %}
