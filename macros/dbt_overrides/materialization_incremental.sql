{#- dbt: lays new rows down in a temporary table, asks the database for the columns of both tables, then inserts.
    Here: one transaction; where rows are only added, one statement. A model that says `nothing_to_load()` is left as it
    is, but for a change of its columns.
    Why: a daily load is mostly such overhead (docs/performance.md).
    Without it: the rows are the same; `make bench` shows the cost. -#}
{% materialization incremental, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set builds_anew = existing is none or existing.is_view or should_full_refresh() -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if builds_anew -%}
        {%- do check_contract(compiled_code) -%}
        {% call statement('main') -%}
            {{ create_anew(existing, compiled_code) }}
        {%- endcall %}
    {%- else -%}
        {%- set given = described(compiled_code) -%}
        {%- do check_contract(compiled_code, given) -%}
        {%- set strategy = config.get('incremental_strategy') or 'default' -%}
        {%- set is_changed = columns_of(existing) != given -%}
        {%- if nothing_to_load() and not is_changed -%}
            {%- do store_raw_result('main', message='nothing new', code='nothing new', rows_affected='0') -%}
        {%- elif strategy == 'append' and not is_changed -%}
            {% call statement('main') -%}
                insert into {{ this }} by name (
                    {{ compiled_code }}
                )
            {%- endcall %}
        {%- else -%}
            {%- set rows = make_temp_relation(this).include(database=false, schema=false) -%}
            {%- do run_query('create temporary table ' ~ rows ~ ' as (' ~ compiled_code ~ '\n)') -%}
            {%- if is_changed -%}
                {%- do process_schema_changes(config.get('on_schema_change'), rows, existing) -%}
            {%- endif -%}
            {%- set columns = [] -%}
            {%- for name, type in given.items() -%}{%- do columns.append(api.Column(name, type)) -%}{%- endfor -%}
            {% call statement('main') -%}
                {{ adapter.get_incremental_strategy_macro(context, strategy)({
                    'target_relation': this, 'temp_relation': rows, 'unique_key': config.get('unique_key'),
                    'dest_columns': columns, 'incremental_predicates': none,
                }) }}
            {%- endcall %}
        {%- endif -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
