{#- Post-hook of a core model, in its transaction: note for each new batch how many rows it added, and how many rows of
    each feed that the model says it `takes` are in it now. What it notes is counted in the table itself, never taken
    over from the feed. Dispatches by engine. -#}
{% macro note_taken() -%}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {{ adapter.dispatch('note_taken')() }}
    {%- endif -%}
{%- endmacro %}

{% macro default__note_taken() -%}{%- endmacro %}

{% macro duckdb__note_taken() -%}
    {%- set counts = hook_table('row_counts') -%}
    {%- set own = "model_name = '" ~ model.name ~ "'" -%}
    {%- if should_full_refresh() -%}
        {%- do forget(counts, own) -%}
    {%- endif -%}
    {%- set batches = run_query('select distinct batch_id from ' ~ hook_table('landed_files')).columns[0].values() | list -%}
    {%- set noted = run_query(
        'select batch_id from ' ~ counts ~ ' where ' ~ own ~ ' and source_name is null'
    ).columns[0].values() | list -%}
    {%- set new_batches = batches | reject('in', noted) | list -%}
    {%- if new_batches -%}
        {%- set batch_column = (model.config.meta.profile or {}).get('batch_column', 'batch_id') -%}
        {%- set parts = [counted_rows(none, {batch_column: 'true'}, batches)] -%}
        {%- for source_name, how in (model.config.meta.takes or {}).items() -%}
            {%- do parts.append(
                counted_rows(source_name, how.counted_by, new_batches) if how.counted_by
                else found_rows(source_name, how, new_batches)
            ) -%}
        {%- endfor -%}
        {#- Rows of an earlier batch may have come or gone in a history, so all batches are counted again. #}
        {%- do forget(counts, own ~ ' and source_name is null') -%}
        {%- do run_query('insert into ' ~ counts ~ ' by name ' ~ parts | join(' union all by name ')) -%}
    {%- endif -%}
{%- endmacro %}

{#- Rows of `this` by batch: each counts once for every entry of {column that names the batch: condition}. -#}
{% macro counted_rows(source_name, counted_by, batch_ids) -%}
    {%- set parts = [] -%}
    {%- for batch_column, condition in counted_by.items() -%}
        {%- do parts.append(
            'select ' ~ batch_column ~ ' as batch_id, count(*) as row_count from ' ~ this ~ ' where ' ~ condition
            ~ ' group by ' ~ batch_column
        ) -%}
    {%- endfor -%}
    {{ by_batch(source_name, parts | join(' union all '), batch_ids) }}
{%- endmacro %}

{#- Rows of a feed by batch that are found in `this` by some columns that both have. -#}
{% macro found_rows(source_name, how, batch_ids) -%}
    {%- set resolved = resolved_model(source_name) -%}
    {%- set found -%}
        select landed.batch_id, count(*) as row_count
        from {{ relation_of(resolved or staging_model(source_name)) }} as landed
        semi join {{ this }} as taken
            on
                {%- for column in how.found_by %}
                {{ 'and ' if not loop.first }}landed.{{ column }} = taken.{{ column }}
                {%- endfor %}
        where
            landed.batch_id in ({{ batch_ids | join(', ') }})
            {{ 'and landed.reject_reason_code is null' if resolved }}
            {{ 'and ' ~ how.where if how.where }}
        group by landed.batch_id
    {%- endset -%}
    {{ by_batch(source_name, found, batch_ids) }}
{%- endmacro %}

{#- Counts in the columns of row_counts, with a row for each batch, also where nothing was counted. -#}
{% macro by_batch(source_name, counted, batch_ids) -%}
    select
        '{{ model.name }}' as model_name,
        {{ "'" ~ source_name ~ "'" if source_name else 'cast(null as varchar)' }} as source_name,
        batches.batch_id,
        cast(coalesce(sum(counted.row_count), 0) as bigint) as row_count
    from (select unnest([{{ batch_ids | join(', ') }}]) as batch_id) as batches
    left join ({{ counted }}) as counted on batches.batch_id = counted.batch_id
    group by batches.batch_id
{%- endmacro %}
