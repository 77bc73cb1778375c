{#- A setting of the run: the variable of that name, else the environment's (THROUGH_BATCH for through_batch), else the
    default in dbt_project.yml. The environment is read only while models run, since dbt would reparse whatever had
    asked it before; scripts/settings.py has refused what is not accepted by then. -#}
{% macro setting(name) -%}
    {%- set from_environment = (env_var(name | upper, '') | trim) if execute else '' -%}
    {{ return(var(name, from_environment or var('settings')[name])) }}
{%- endmacro %}
