{#- New rows into a table, in one transaction: where rows are only added, by one statement. dbt's own lays them down in a
    temporary table first, and asks the database for the columns of both.

    A model that says so by `nothing_to_load()` is left as it is, but for a change of its columns. -#}
{% materialization incremental, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set builds_anew = existing is none or existing.is_view or should_full_refresh() -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if builds_anew -%}
        {%- if config.get('contract').enforced -%}{%- do check_contract(compiled_code) -%}{%- endif -%}
        {% call statement('main') -%}
            {{ create_anew(existing, compiled_code) }}
        {%- endcall %}
    {%- else -%}
        {%- set given = check_contract(compiled_code) -%}
        {%- set strategy = config.get('incremental_strategy') or 'default' -%}
        {%- if not columns_of(existing) == given -%}
            {{ insert_after_changes(existing, strategy, given) }}
        {%- elif nothing_to_load() -%}
            {%- do store_raw_result('main', message='nothing new', code='nothing new', rows_affected='0') -%}
        {%- elif strategy == 'append' -%}
            {% call statement('main') -%}
                insert into {{ this }} by name (
                    {{ compiled_code }}
                )
            {%- endcall %}
        {%- else -%}
            {%- set rows = make_temp_relation(this).include(database=false, schema=false) -%}
            {% call statement('main') -%}
                create temporary table {{ rows }} as (
                    {{ compiled_code }}
                );
                {{ insert_by_strategy(strategy, rows, given) }}
            {%- endcall %}
        {%- endif -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{#- The way of dbt where a model's columns are no longer the table's: by a temporary table, after what on_schema_change
    says. -#}
{% macro insert_after_changes(existing, strategy, given) -%}
    {%- set rows = make_temp_relation(this).include(database=false, schema=false) -%}
    {%- do run_query('create temporary table ' ~ rows ~ ' as (' ~ compiled_code ~ ')') -%}
    {%- do process_schema_changes(config.get('on_schema_change'), rows, existing) -%}
    {% call statement('main') -%}
        {{ insert_by_strategy(strategy, rows, given) }}
    {%- endcall %}
{%- endmacro %}

{#- dbt's own statements of a strategy, from a table of new rows. -#}
{% macro insert_by_strategy(strategy, rows, given) -%}
    {%- set columns = [] -%}
    {%- for name, type in given.items() -%}{%- do columns.append(api.Column(name, type)) -%}{%- endfor -%}
    {{ adapter.get_incremental_strategy_macro(context, strategy)({
        'target_relation': this, 'temp_relation': rows, 'unique_key': config.get('unique_key'),
        'dest_columns': columns, 'incremental_predicates': none,
    }) }}
{%- endmacro %}
