{#- Post-hook of a core model, in its transaction: note for each new batch how many rows it added, and how many rows of
    each feed that the model says it `takes` are in it now. What it notes is counted in the table itself, never taken
    over from the feed. -#}
{% macro note_taken() -%}
    {%- if not execute or flags.WHICH not in ['run', 'build'] -%}{{ return('') }}{%- endif -%}
    {%- if all_counted() -%}{{ return('') }}{%- endif -%}
    {%- set counts = hook_table('row_counts') -%}
    {%- set own = "model_name = '" ~ model.name ~ "'" -%}
    {%- if should_full_refresh() -%}
        {%- do forget(counts, own) -%}
    {%- endif -%}
    {%- set new_batches = run_query(
        'select batch_id from ' ~ hook_table('landed_files') ~ ' except select batch_id from ' ~ counts ~ ' where ' ~ own
        ~ ' and source_name is null'
    ).columns[0].values() | list -%}
    {%- if new_batches -%}
        {%- set batch_column = (model.config.meta.profile or {}).get('batch_column', 'batch_id') -%}
        {%- set batches = run_query('select distinct batch_id from ' ~ hook_table('landed_files')).columns[0].values() | list -%}
        {%- set parts = [counted_rows(none, {batch_column: 'true'}, batches)] -%}
        {%- for source_name, how in (model.config.meta.takes or {}).items() -%}
            {%- do parts.append(
                counted_rows(source_name, how.counted_by, new_batches) if how.counted_by
                else found_rows(source_name, how, new_batches)
            ) -%}
        {%- endfor -%}
        {#- A history may have gained or lost rows of earlier batches, so count all batches again. #}
        {%- do forget(counts, own ~ ' and source_name is null') -%}
        {%- do add_rows('row_counts', parts | join(' union all ')) -%}
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

{#- Rows of a feed by batch that are found in `this` by some columns that both have. Where none of the feed was rejected for
    its parents, its staging model has the same rows as the resolved one, and costs no join. -#}
{% macro found_rows(source_name, how, batch_ids) -%}
    {%- set listed = batch_ids | join(', ') -%}
    {%- set staged, resolved = staging_model(source_name), resolved_model(source_name) -%}
    {%- set is_staged = how.found_by | reject('in', staged.columns) | list == [] -%}
    {%- if resolved and is_staged -%}
        {%- set is_staged = run_query(
            'select count(*) from ' ~ hook_table('rejected_rows') ~ " where rejected_by = '" ~ resolved.name
            ~ "' and batch_id in (" ~ listed ~ ')'
        ).columns[0][0] == 0 -%}
    {%- endif -%}
    {%- set found -%}
        select landed.batch_id, count(*) as row_count
        from {{ relation_of(staged if is_staged else resolved) }} as landed
        semi join {{ this }} as taken
            on
                {%- for column in how.found_by %}
                {{ 'and ' if not loop.first }}landed.{{ column }} = taken.{{ column }}
                {%- endfor %}
        where
            landed.batch_id in ({{ listed }})
            {{ 'and landed.reject_reason_code is null' if not is_staged }}
            {{ 'and ' ~ how.where if how.where }}
        group by landed.batch_id
    {%- endset -%}
    {{ by_batch(source_name, found, batch_ids) }}
{%- endmacro %}

{#- Counts in the columns of row_counts, with a row for each batch, also where nothing was counted. -#}
{% macro by_batch(source_name, counted, batch_ids) -%}
    select
        '{{ model.name }}' as model_name,
        {{ "'" ~ source_name ~ "'" if source_name else 'cast(null as string)' }} as source_name,
        batches.batch_id,
        cast(coalesce(sum(counted.row_count), 0) as bigint) as row_count
    from (values ({{ batch_ids | join('), (') }})) as batches(batch_id)
    left join ({{ counted }}) as counted on batches.batch_id = counted.batch_id
    group by batches.batch_id
{%- endmacro %}
