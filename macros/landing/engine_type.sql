{#- A type as the engine writes it; layouts and contracts name DuckDB's. Dispatches by engine. -#}
{% macro engine_type(data_type) -%}
    {{ return(adapter.dispatch('engine_type')(data_type)) }}
{%- endmacro %}

{% macro duckdb__engine_type(data_type) -%}
    {{ return(data_type) }}
{%- endmacro %}

{#- Spark has no time of day, which is kept as text there; its plain timestamp depends on a time zone. -#}
{% macro spark__engine_type(data_type) -%}
    {%- set others = {'varchar': 'string', 'time': 'string', 'timestamp': 'timestamp_ntz', 'integer': 'int'} -%}
    {{ return(others.get(data_type, data_type)) }}
{%- endmacro %}
