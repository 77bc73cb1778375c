{{ config(materialized='incremental', incremental_strategy='append') }}

{%- for table in profiled_tables() -%}{%- do ref(table.model) -%}{%- endfor -%}
{%- set parts = [] -%}
{%- if execute and flags.WHICH in ['run', 'build'] -%}
    {%- set tables = profiled_tables() -%}
    {%- set columns = profiled_columns(tables) -%}
    {%- set through = run_query('select ' ~ loaded_through()).columns[0][0] if is_incremental() else 0 -%}
    {%- set rows = rows_to_profile(tables, through) -%}
    {%- for table in tables if columns.get(table.model) -%}
        {%- if rows[table.model].history -%}
            {#- The history is large and compared with nothing, so its dearest figures come from about 10,000 rows. -#}
            {%- do parts.append(profile_table(
                table, columns[table.model], table.batch_column ~ ' = 1',
                (rows[table.model].history / 10000) | round(0, 'ceil') | int
            )) -%}
        {%- endif -%}
        {%- if rows[table.model].daily -%}
            {%- do parts.append(profile_table(
                table, columns[table.model], table.batch_column ~ ' > ' ~ [through, 1] | max
            )) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endif %}

-- One row a table, column and batch. Batches after the first are profiled from all of their rows.
with measured as (
    {% for part in parts -%}
    {{ part }}
    {{ "union all" if not loop.last }}
    {% else -%}
    {{ no_profile() }}
    {% endfor %}
),

profiled as (
    select
        *,
        {{ times_seen('profile.frequent') }} as times_seen
    from measured
),

final as (
    select
        profiled.layer,
        profiled.table_name,
        profiled.profile.column_name,
        profiled.profile.role,
        profiled.batch_id,
        profiled.profile.row_count,
        1 - profiled.profile.value_count / profiled.profile.row_count as null_share,
        {{ distinct_count('profiled.profile') }} as distinct_count,
        profiled.profile.extremes[1] as min_value,
        profiled.profile.extremes[2] as max_value,
        {{ rounded('profiled.profile.figures.mean') }} as mean,
        {{ rounded('profiled.profile.figures.stddev') }} as stddev,
        profiled.profile.figures.quantiles[1] as p05,
        profiled.profile.figures.quantiles[2] as p25,
        profiled.profile.figures.quantiles[3] as p50,
        profiled.profile.figures.quantiles[4] as p75,
        profiled.profile.figures.quantiles[5] as p95,
        {{ frequent_values('profiled.profile.frequent', 'profiled.times_seen') }} as frequent_values
    from profiled
)

select * from final
