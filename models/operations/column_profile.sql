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
with profiled as (
    {% for part in parts -%}
    {{ part }}
    {{ "union all" if not loop.last }}
    {% else -%}
    {{ no_profile() }}
    {% endfor %}
),

final as (
    select
        layer,
        table_name,
        profile.column_name,
        profile.role,
        batch_id,
        profile.row_count,
        profile.null_share,
        profile.distinct_count,
        profile.extremes[1] as min_value,
        profile.extremes[2] as max_value,
        {{ rounded('profile.figures.mean') }} as mean,
        {{ rounded('profile.figures.stddev') }} as stddev,
        profile.figures.quantiles[1] as p05,
        profile.figures.quantiles[2] as p25,
        profile.figures.quantiles[3] as p50,
        profile.figures.quantiles[4] as p75,
        profile.figures.quantiles[5] as p95,
        {{ frequent_values('profile.frequent') }} as frequent_values
    from profiled
)

select * from final
