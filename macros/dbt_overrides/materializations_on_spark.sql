{#- How models become tables and views on a Spark engine. There are no transactions over several statements, so each
    change of a table is one: readers see the rows before or after, and a run that is killed goes on from one of both.

    Tables are declared with the types of their contract, or else of their query, and inserted into: an engine may
    take a wrong type for a column from `create table … as`. -#}
{% materialization table, adapter='spark' %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {{ spark__replace_rows(load_cached_relation(this), sql) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ spark__run_last(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set type = 'view' if spark__can_be_view(sql) else 'table' -%}
    {{ run_hooks(pre_hooks) }}
    {%- if type == 'view' and existing is not none and not existing.is_view -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {% call statement('main') -%}
        {%- if type == 'view' -%}
        create or replace view {{ this }} as
        {{ sql }}
        {%- else -%}
        {{ spark__replace_rows(existing, sql) }}
        {%- endif -%}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ spark__run_last(post_hooks) }}
    {{ return({'relations': [this.incorporate(type=type)]}) }}
{% endmaterialization %}

{#- Whether a query can be a view: it calls no mask, which is a function of the session and unknown to other readers, and
    is no longer than what Derby holds, the catalog of Apache Spark within a process. -#}
{% macro spark__can_be_view(sql) -%}
    {%- set called = [] -%}
    {%- for signature in masks() if signature.split('(')[0] ~ '(' in sql -%}{%- do called.append(signature) -%}{%- endfor -%}
    {{ return(not called and sql | length < 32000) }}
{%- endmacro %}

{#- New rows into a table, as on DuckDB (materialization_incremental.sql). -#}
{% materialization incremental, adapter='spark' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set builds_anew = existing is none or existing.is_view or should_full_refresh() -%}
    {{ run_hooks(pre_hooks) }}
    {%- if builds_anew -%}
        {% call statement('main') -%}
            {{ spark__replace_rows(existing, sql) }}
        {%- endcall %}
    {%- elif nothing_to_load() -%}
        {%- do store_raw_result('main', message='nothing new', code='nothing new', rows_affected='0') -%}
    {%- else -%}
        {%- set given = spark__given_columns(sql) -%}
        {%- if spark__columns_of(existing) != given -%}
            {%- do exceptions.raise_compiler_error(
                'The columns of ' ~ model.name ~ ' have changed. Rebuild it: dbt build --full-refresh --select '
                ~ model.name ~ '+'
            ) -%}
        {%- endif -%}
        {%- set columns = given.keys() | join(', ') -%}
        {%- if config.get('incremental_strategy') == 'append' -%}
            {%- if model.fqn[1] == 'staging' -%}{%- do spark__remove_half_loaded() -%}{%- endif -%}
            {% call statement('main') -%}
                insert into {{ this }} select {{ columns }} from (
                    {{ sql }}
                ) as given
            {%- endcall %}
        {%- else -%}
            {%- set rows = this.incorporate(path={'identifier': this.identifier ~ '__rows'}) -%}
            {%- do spark__declare(rows, given) -%}
            {%- do run_query('insert into ' ~ rows ~ ' select ' ~ columns ~ ' from (' ~ sql ~ '\n) as given') -%}
            {%- set keys = config.get('unique_key') -%}
            {%- set keys = [keys] if keys is string else keys -%}
            {%- if spark__changes_rows() -%}
                {% call statement('main') -%}
                    {{ spark__delete_and_insert(rows, given.keys() | list, keys) }}
                {%- endcall %}
            {%- else -%}
                {%- do spark__rewrite(this,
                    'select ' ~ columns ~ ' from ' ~ this ~ ' anti join (select ' ~ keys | join(', ') ~ ' from ' ~ rows
                    ~ ') as keys using (' ~ keys | join(', ') ~ ') union all select ' ~ columns ~ ' from ' ~ rows
                ) -%}
                {%- do store_raw_result('main', message='rewritten', code='rewritten', rows_affected='0') -%}
            {%- endif -%}
            {%- do run_query('drop table ' ~ rows) -%}
        {%- endif -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ spark__run_last(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{#- Hooks that come after the transaction. dbt's own way begins with a commit, which these engines do not know. -#}
{% macro spark__run_last(hooks) -%}
    {%- for hook in hooks | rejectattr('transaction') -%}
        {%- set statement = render(hook.get('sql')) | trim -%}
        {%- if statement -%}{%- do run_query(statement) -%}{%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- A statement that replaces all rows of the model's table with a query's. -#}
{% macro spark__replace_rows(existing, sql) -%}
    {%- if existing is not none and existing.is_view -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
    {%- set given = spark__given_columns(sql) -%}
    {%- if existing is none or existing.is_view or spark__columns_of(existing) != given -%}
        {%- do spark__declare(this, given) -%}
    {%- endif -%}
    insert overwrite table {{ this }} select {{ given.keys() | join(', ') }} from (
        {{ sql }}
    ) as given
{%- endmacro %}

{#- Make an empty table. -#}
{% macro spark__declare(relation, columns) -%}
    {%- set declared = [] -%}
    {%- for name, type in columns.items() -%}{%- do declared.append(name ~ ' ' ~ type) -%}{%- endfor -%}
    {%- set body = relation ~ ' (' ~ declared | join(', ') ~ ') using ' ~ env_var('SPARK_TABLE_FORMAT', 'delta') -%}
    {%- if spark__changes_rows() -%}
        {%- do run_query('create or replace table ' ~ body) -%}
    {%- else -%}
        {%- do run_query('drop table if exists ' ~ relation) -%}
        {%- do run_query('create table ' ~ body) -%}
    {%- endif -%}
{%- endmacro %}

{#- Whether the table format supports deletions, merges and replacements. Plain files do not: their tables are
    rewritten. -#}
{% macro spark__changes_rows() -%}
    {{ return(env_var('SPARK_TABLE_FORMAT', 'delta') in ['delta', 'iceberg']) }}
{%- endmacro %}

{#- Delete the rows of a table that satisfy a condition. -#}
{% macro spark__delete(relation, condition) -%}
    {%- if spark__changes_rows() -%}
        {%- do run_query('delete from ' ~ relation ~ ' where ' ~ condition) -%}
    {%- else -%}
        {%- do spark__rewrite(relation, 'select * from ' ~ relation ~ ' where not coalesce(' ~ condition ~ ', false)') -%}
    {%- endif -%}
{%- endmacro %}

{#- Replace all rows of a table with a query's, which may read the table itself. -#}
{% macro spark__rewrite(relation, rows) -%}
    {%- set kept = relation.incorporate(path={'identifier': relation.identifier ~ '__kept'}) -%}
    {%- set columns = spark__columns_of(relation) -%}
    {%- set names = columns.keys() | join(', ') -%}
    {%- do spark__declare(kept, columns) -%}
    {%- do run_query('insert into ' ~ kept ~ ' select ' ~ names ~ ' from (' ~ rows ~ ') as kept') -%}
    {%- do run_query('insert overwrite table ' ~ relation ~ ' select ' ~ names ~ ' from ' ~ kept) -%}
    {%- do run_query('drop table ' ~ kept) -%}
{%- endmacro %}

{#- {name: type, …} of a table's columns. -#}
{% macro spark__columns_of(relation) -%}
    {{ return(spark__types_by_name(adapter.get_columns_in_relation(relation))) }}
{%- endmacro %}

{#- {name: type, …} of a query's columns. -#}
{% macro spark__columns_of_query(sql) -%}
    {{ return(spark__types_by_name(adapter.get_column_schema_from_query(sql))) }}
{%- endmacro %}

{% macro spark__types_by_name(columns) -%}
    {%- set types = {} -%}
    {%- for column in columns -%}{%- do types.update({column.name: column.dtype}) -%}{%- endfor -%}
    {{ return(types) }}
{%- endmacro %}

{#- {name: type, …} of what a model gives: its contract's columns, else its query's. -#}
{% macro spark__given_columns(sql) -%}
    {%- if not config.get('contract').enforced -%}{{ return(spark__columns_of_query(sql)) }}{%- endif -%}
    {%- set columns = {} -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.update({column.name: engine_type(column.data_type)}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#- Delete the rows whose keys new rows have, and insert those, by one statement: a merge of the keys, each once, and the
    rows, which match nothing. -#}
{% macro spark__delete_and_insert(rows, columns, keys) -%}
    merge into {{ this }} as old
    using (
        select
            {{ columns | join(', ') }},
            false as is_key
        from {{ rows }}
        union all
        select distinct
            {%- for column in columns %}
            {{ column if column in keys else 'null as ' ~ column }},
            {%- endfor %}
            true as is_key
        from {{ rows }}
    ) as new
        on
            new.is_key
            {%- for key in keys %}
            and old.{{ key }} = new.{{ key }}
            {%- endfor %}
    when matched then delete
    when not matched and not new.is_key then insert ({{ columns | join(', ') }}) values (new.{{ columns | join(', new.') }})
{%- endmacro %}

{#- Rows of a staging model from unrecorded files: a run was killed in between. They are read again. -#}
{% macro spark__remove_half_loaded() -%}
    {%- set batch_ids = run_query(
        'select distinct batch_id from (' ~ new_landed_files(model.sources[0] | join('.')) ~ ') as new_files'
    ).columns[0].values() | list -%}
    {%- if batch_ids -%}
        {%- do spark__delete(this, 'batch_id in (' ~ batch_ids | join(', ') ~ ')') -%}
    {%- endif -%}
{%- endmacro %}

{#- dbt's own leave out the word `table`, without which Sail takes a schema's name for a keyword. -#}
{% macro spark__get_columns_in_relation_raw(relation) -%}
    {{ return(run_query('describe table ' ~ relation)) }}
{%- endmacro %}

{#- Tables lie in the folder of their schema, in the warehouse's folder. -#}
{% macro spark__create_schema(relation) -%}
    {%- do run_query(
        'create schema if not exists ' ~ relation ~ " location '" ~ env_var('SPARK_WAREHOUSE') ~ '/' ~ relation.schema ~ "'"
    ) -%}
{%- endmacro %}
