{#- A hash of some columns, to compare rows by. Dispatches by engine. -#}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash')(columns)) }}
{%- endmacro %}

{% macro duckdb__row_hash(columns) -%}
    {{ return('hash(' ~ columns | join(', ') ~ ')') }}
{%- endmacro %}

{#- Spark's hash skips nulls: their position must count, too. -#}
{% macro spark__row_hash(columns) -%}
    {{ return('xxhash64(' ~ columns | join(', ') ~ ', ' ~ columns | join(' is null, ') ~ ' is null)') }}
{%- endmacro %}
