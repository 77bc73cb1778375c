{#- State of the warehouse at the start of a load, read by one statement and kept in the graph for the run: hooks and
    models with nothing to do need no query of their own. -#}
{% macro note_state() -%}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {{ adapter.dispatch('note_state')() }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__note_state() -%}
    {%- set landed = run_query(
        'select source_name, batch_id, false as is_new from ' ~ hook_table('landed_files') ~ ' where line_count is not null
        union
        select source_name, batch_id, true as is_new
        from landing_area
        anti join ' ~ hook_table('landed_files') ~ ' as known
            on landing_area.source_name = known.source_name and landing_area.file_name = known.file_name'
    ).rows -%}
    {%- set batches, counted = {}, {} -%}
    {%- for row in landed -%}
        {%- do batches.setdefault(row['source_name'], []).append(row['batch_id'] | int) -%}
    {%- endfor -%}
    {%- for row in run_query('select model_name, source_name, batch_id from ' ~ hook_table('row_counts')).rows -%}
        {%- do counted.setdefault(
            row['model_name'] ~ (' ' ~ row['source_name'] if row['source_name'] else ''), []
        ).append(row['batch_id'] | int) -%}
    {%- endfor -%}
    {%- do graph.update({'state_at_start': {
        'rebuilds_due': run_query('select model_name from ' ~ hook_table('rebuilds_due')).columns[0].values() | list,
        'new_sources': landed | selectattr('is_new') | map(attribute='source_name') | unique | list,
        'batches': batches,
        'counted': counted,
        'columns': {},
        'has_erasures': false,
    }}) -%}
{%- endmacro %}

{% macro duckdb__note_state() -%}
    {%- set answers = run_query("
        with landed as (
            select source_name, batch_id, file_name, false as is_new from " ~ hook_table('landed_files') ~ "
            where line_count is not null
            union by name
            select source_name, batch_id, file_name, true as is_new
            from landing_area
            anti join " ~ hook_table('landed_files') ~ " as known using (source_name, file_name)
        ),
        batches as (
            select source_name, list(distinct batch_id) as batch_ids from landed group by source_name
        ),
        counted as (
            select model_name || coalesce(' ' || source_name, '') as holder, list(distinct batch_id) as batch_ids
            from " ~ hook_table('row_counts') ~ "
            group by all
        ),
        columns as (
            select schema_name || '.' || table_name as holder, map(list(column_name), list(data_type)) as columns
            from duckdb_columns()
            where database_name = '" ~ target.database ~ "' and not internal
            group by all
        )
        select to_json({
            'rebuilds_due': (select list(model_name) from " ~ hook_table('rebuilds_due') ~ "),
            'new_sources': (select list(distinct source_name) from landed where is_new),
            'batches': (select map(list(source_name), list(batch_ids)) from batches),
            'counted': (select map(list(holder), list(batch_ids)) from counted),
            'columns': (select map(list(holder), list(columns)) from columns),
            'has_erasures': exists (from erased_subjects)
        })
    ").columns[0][0] -%}
    {%- do graph.update({'state_at_start': fromjson(answers)}) -%}
{%- endmacro %}

{#- The state that note_state has kept; none outside a load, such as in dbt test. -#}
{% macro state_at_start() -%}
    {{ return(graph.get('state_at_start') if execute else none) }}
{%- endmacro %}

{#- Whether the warehouse had all files of a source at the start of the run. False outside a load. -#}
{% macro has_no_new_files(source_name) -%}
    {%- set state = state_at_start() -%}
    {{ return(state and source_name not in (state.new_sources or []) and not should_full_refresh()) }}
{%- endmacro %}

{#- Whether a model has counted all batches of a feed, or of all feeds, including those of this run. -#}
{% macro all_counted(source_name=none) -%}
    {%- set state = state_at_start() -%}
    {%- if not state or should_full_refresh() -%}{{ return(false) }}{%- endif -%}
    {%- set counted = (state.counted or {}).get(model.name ~ (' ' ~ source_name if source_name else ''), []) -%}
    {%- for feed, batch_ids in (state.batches or {}).items()
        if source_name in [none, feed] and batch_ids | reject('in', counted) | list -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}

{#- Whether an incremental model can be skipped: a staging model with all files loaded, or a table that hooks
    write. Core models are judged by their own counts: the models they read may have been behind when they counted a
    batch. -#}
{% macro nothing_to_load() -%}
    {%- if model.fqn[1] == 'staging' -%}
        {{ return(has_no_new_files(model.sources[0] | join('.'))) }}
    {%- endif -%}
    {{ return(model.fqn[1:3] == ['operations', 'log']) }}
{%- endmacro %}

{#- {name: type, …} of a table's columns: those that note_state found, else those it has now. -#}
{% macro columns_of(relation) -%}
    {%- set known = ((state_at_start() or {}).get('columns') or {}).get(relation.schema ~ '.' ~ relation.identifier) -%}
    {{ return(known or described('from ' ~ relation)) }}
{%- endmacro %}
