{#- dbt: with store_failures, writes a table for each test, whether it fails or not.
    Here: writes a table of failing rows only where there are some, and drops one from an earlier failure.
    Why: a test that passes costs no more than its query; one that fails runs it twice.
    Without it: tests/python/test_quality_history.py fails. -#}
{% materialization test, adapter='duckdb' %}
    {{ return(run_test()) }}
{% endmaterialization %}

{% materialization test, adapter='spark' %}
    {{ return(run_test()) }}
{% endmaterialization %}

{% macro run_test() -%}
    {%- set main_sql = get_limit_subquery_sql(sql, config.get('limit')) -%}
    {%- set keeps = should_store_failures() -%}
    {%- set relations = [] -%}

    {%- if keeps -%}
        {%- set old_relation = adapter.get_relation(database=database, schema=schema, identifier=model['alias']) -%}
        {%- if old_relation -%}
            {%- do adapter.drop_relation(old_relation) -%}
        {%- endif -%}
    {%- endif -%}

    {% call statement('main', fetch_result=True) -%}
        {{ get_test_sql(main_sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
    {%- endcall %}

    {%- set outcome = load_result('main').table.rows[0] -%}
    {%- if keeps and (outcome['should_warn'] or outcome['should_error']) -%}
        {%- set relation = api.Relation.create(
            database=database, schema=schema, identifier=model['alias'], type='table'
        ) -%}
        {%- do adapter.create_schema(relation.without_identifier()) -%}
        {% call statement('keep_failing_rows', auto_begin=True) -%}
            {{ adapter.dispatch('keep_failing_rows')(relation, main_sql) }}
        {%- endcall %}
        {%- do adapter.commit() -%}
        {%- do relations.append(relation) -%}
    {%- endif -%}

    {{ return({'relations': relations}) }}
{%- endmacro %}

{% macro duckdb__keep_failing_rows(relation, sql) -%}
    {{ get_create_sql(relation, sql) }}
{%- endmacro %}

{% macro spark__keep_failing_rows(relation, sql) -%}
    {%- do spark__declare(relation, spark__columns_of_query(sql)) -%}
    insert into {{ relation }}
    {{ sql }}
{%- endmacro %}
