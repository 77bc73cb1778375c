{#- dbt: true if a run adds to an existing table.
    Here: also true for every incremental model when the privacy proof compiles the SQL of later loads.
    Why: the proof has no warehouse, and both forms of a model must be proven.
    Without it: `make privacy-proof` stops. -#}
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
