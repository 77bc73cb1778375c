{#- dbt's own, but for the catalog, which a view does not name: it would hold only where the file is attached under the
    name it had here, and whoever opens the file itself gets another. -#}
{% macro duckdb__create_view_as(relation, sql) -%}
    {{ dbt.duckdb__create_view_as(relation, sql | replace(adapter.quote(relation.database) ~ '.', '')) }}
{%- endmacro %}
