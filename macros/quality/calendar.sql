{#- One row per day from the first to the last, as SQL. Both are SQL, and may be null for no day at all. Dispatches by
    engine. -#}
{% macro days_from_to(first_day, last_day) -%}
    {{ adapter.dispatch('days_from_to')(first_day, last_day) }}
{%- endmacro %}

{% macro spark__days_from_to(first_day, last_day) -%}
    select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) as day
{%- endmacro %}

{% macro duckdb__days_from_to(first_day, last_day) -%}
    select cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date) as day
{%- endmacro %}

{#- Last day with a required batch, as SQL, from the setting expected_through; null if none is required. -#}
{% macro expected_through() -%}
    {%- set day = setting('expected_through') | string | trim -%}
    {%- if day == 'today' -%}
        current_date
    {%- elif day == 'yesterday' -%}
        {{ dbt.cast(dbt.dateadd('day', -1, 'current_date'), 'date') }}
    {%- elif day -%}
        cast('{{ day }}' as date)
    {%- else -%}
        cast(null as date)
    {%- endif -%}
{%- endmacro %}
