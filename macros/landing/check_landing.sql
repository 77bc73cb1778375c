{#- Look at the landing area before anything is loaded; stop the run with a message where it cannot be loaded. -#}
{% macro check_landing() -%}
    {%- if execute and flags.WHICH in ['run', 'build', 'compile', 'test', 'show'] -%}
        {{ adapter.dispatch('check_landing')() }}
    {%- endif -%}
{%- endmacro %}

{#- scripts/spark has looked before it started dbt. -#}
{% macro spark__check_landing() -%}{%- endmacro %}

{% macro duckdb__check_landing() -%}
    {%- set reads = flags.WHICH in ['run', 'build'] -%}
    {#- Nothing has landed for an empty build. -#}
    {%- if invocation_args_dict.empty -%}{{ return('') }}{%- endif -%}
    {%- if reads and not flags.FULL_REFRESH -%}
        {%- set loaded -%}
            (
                select to_json(list({
                    'source': source_name, 'batch_id': batch_id, 'name': file_name,
                    'byte_count': byte_count, 'modified_at': strftime(modified_at, '%Y-%m-%dT%H:%M:%S.%f'),
                    'content_hash': content_hash,
                    'is_taken': is_taken
                }))::varchar
                from ({{ loaded_files() }})
            )
        {%- endset -%}
    {%- else -%}
        {%- set loaded = "'[]'" -%}
    {%- endif -%}
    {%- set log = adapter.get_relation(database=target.database, schema='operations', identifier='access_log') -%}
    {%- set ledger_entries -%}
        coalesce({% if log %}(select max(cast(detail ->> 'ledger_entries' as bigint)) from {{ log }}){% else %}0{% endif %}, 0)
    {%- endset -%}
    {%- set taken = '(select coalesce(max(batch_id), 0) from ' ~ hook_table('row_counts') ~ ' where source_name is null)'
        if reads and not flags.FULL_REFRESH else 0 -%}
    {%- set problem = run_query(
        "select coalesce(nullif(check_ledger(" ~ ledger_entries ~ "), ''), check_landing("
        ~ setting('through_batch') ~ ", coalesce(" ~ loaded ~ ", '[]'), " ~ taken ~ ", " ~ reads ~ "))"
    ).columns[0][0] -%}
    {%- if problem and reads -%}
        {%- do end_run([], refused=true) -%}
        {%- do exceptions.raise_compiler_error('The landing area cannot be loaded.\n' ~ problem) -%}
    {%- endif -%}
{%- endmacro %}
