{#- dbt's own answer; and yes for every incremental model where scripts.privacy.check asks for the SQL of a later load
    without having a warehouse. -#}
{% macro is_incremental() -%}
    {{ return(
        dbt.is_incremental()
        or (
            execute
            and flags.WHICH == 'compile'
            and model.config.materialized == 'incremental'
            and env_var('COMPILE_LATER_LOADS', '') == 'yes'
        )
    ) }}
{%- endmacro %}
