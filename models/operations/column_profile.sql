{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns'
) }}

{%- do depend_on_profiled_tables() -%}
{%- set parts = [] -%}
{%- set values = [] -%}
{%- set texts = [] -%}
{%- set hashes = [] -%}
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
            {%- set are_new = table.batch_column ~ ' > ' ~ [through, 1] | max -%}
            {%- do parts.append(profile_table(table, columns[table.model], are_new)) -%}
            {%- set watched = columns[table.model] if table.source_name
                else columns[table.model] | selectattr('name', 'in', table.concentration) | list -%}
            {%- if watched -%}
                {%- do values.append(profiled_values(table, watched, are_new)) -%}
            {%- endif -%}
            {%- if table.source_name -%}
                {%- do texts.append(profiled_texts(table, columns[table.model], are_new)) -%}
                {#- A row may repeat one of the seven batches before. -#}
                {%- do hashes.append(
                    hashed_rows(table, columns[table.model], 'batch_id > ' ~ [through - 7, 1] | max)
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{%- endif %}

-- One row per table, column and batch. Batches after the first are profiled from all of their rows.
with measured as (
    {% for part in parts -%}
    {{ part }}
    {{ "union all" if not loop.last }}
    {% else -%}
    {{ no_profile() }}
    {% endfor %}
),

profiled_texts as (
    {% for part in texts -%}
    {{ part }}
    {{ "union all" if not loop.last }}
    {% else -%}
    select
        cast(null as varchar) as table_name,
        cast(null as integer) as batch_id,
        cast(null as varchar) as column_name,
        cast(null as varchar) as text,
        cast(null as integer) as least_count,
        cast(null as boolean) as length_may_be_shown
    where false
    {% endfor %}
),

text_properties as (
    select
        table_name,
        batch_id,
        column_name,
        count(text) as texts,
        count(text) >= max(least_count) as may_be_shown,
        count(case when {{ is_blank('text') }} then 1 end) as blanks,
        count(case when {{ is_non_ascii('text') }} then 1 end) as non_asciis,
        count(case when {{ is_garbled('text') }} then 1 end) as garbles,
        avg(case when length_may_be_shown then length(text) end) as mean_length
    from profiled_texts
    group by table_name, batch_id, column_name
),

profiled_values as (
    {% for part in values -%}
    {{ part }}
    {{ "union all" if not loop.last }}
    {% else -%}
    {{ no_profiled_values() }}
    {% endfor %}
),

most_frequent as (
    select
        table_name,
        batch_id,
        column_name,
        max(row_count) as row_count
    from (
        select
            table_name,
            batch_id,
            column_name,
            count(*) as row_count
        from profiled_values
        where value is not null
        group by table_name, batch_id, column_name, value
    ) as frequencies
    group by table_name, batch_id, column_name
),

-- How many values of a daily batch have a property that most of them usually have or don't have.
properties as (
    select
        table_name,
        batch_id,
        column_name,
        count(number) >= max(least_count) as may_be_shown,
        count(case when number < 0 then 1 end) as negatives,
        count(case when number = 0 then 1 end) as zeros,
        count(case when number % round_unit = 0 then 1 end) as rounds,
        count(case when number > measure_before then 1 end) as aboves,
        count(number) as numbers,
        count(measure_before) as numbers_before
    from profiled_values
    group by table_name, batch_id, column_name
),

-- In amounts with both signs, a buy has one and a sale the other: the code that tells the sign best says how many rows
-- have the sign of most others of their kind.
signs_by_code as (
    select
        table_name,
        batch_id,
        column_name,
        code_number,
        code,
        count(case when number < 0 then 1 end) as negatives,
        count(*) as row_count
    from (
        select
            table_name,
            batch_id,
            column_name,
            number,
            {{ unnested('codes') }} as code,
            generate_subscripts(codes, 1) as code_number
        from profiled_values
        where
            value is not null
            and number <> 0
    ) as coded
    group by table_name, batch_id, column_name, code_number, code
),

-- A row is compared with the others of its code, so that a code which comes once tells nothing.
agreeing_signs as (
    select
        table_name,
        batch_id,
        column_name,
        max(agreeing) as agreeing
    from (
        select
            table_name,
            batch_id,
            column_name,
            sum(
                case when abs(2 * negatives - row_count) > 1 then greatest(negatives, row_count - negatives) else 0 end
            ) as agreeing
        from signs_by_code
        group by table_name, batch_id, column_name, code_number
    ) as agreeing_by_code
    group by table_name, batch_id, column_name
),

hashed_rows as (
    {% for part in hashes -%}
    {{ part }}
    {{ "union all" if not loop.last }}
    {% else -%}
    select
        cast(null as varchar) as table_name,
        cast(null as integer) as batch_id,
        cast(null as varchar) as compared,
        cast(null as ubigint) as hash
    where false
    {% endfor %}
),

repeated_rows as (
    select
        table_name,
        batch_id,
        sum(case when compared = 'content' then row_count - 1 end) as doubled,
        sum(case when compared = 'content' then repeated_count end) as repeated,
        sum(case when compared = 'measures' then repeated_count end) as repeated_measures
    from (
        select
            table_name,
            batch_id,
            compared,
            count(*) as row_count,
            case
                when
                    batch_id - lag(batch_id) over (partition by table_name, compared, hash order by batch_id) <= 7
                    then count(*)
                else 0
            end as repeated_count
        from hashed_rows
        group by table_name, batch_id, compared, hash
    ) as contents
    group by table_name, batch_id
),

profiled as (
    select
        *,
        {{ times_seen('profile.frequent') }} as times_seen
    from measured
),

figures as (
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
),

final as (
    select
        figures.*,
        most_frequent.row_count as most_frequent_count,
        text_properties.blanks / nullif(text_properties.texts, 0) as blank_share,
        case
            when text_properties.may_be_shown then text_properties.non_asciis / text_properties.texts
        end as non_ascii_share,
        case
            when text_properties.may_be_shown then text_properties.garbles / text_properties.texts
        end as garbled_share,
        case
            when text_properties.may_be_shown then {{ rounded('text_properties.mean_length') }}
        end as mean_length,
        {% for share, count, total in [
            ('negative', 'negatives', 'numbers'),
            ('zero', 'zeros', 'numbers'),
            ('round', 'rounds', 'numbers'),
            ('above', 'aboves', 'numbers_before')
        ] -%}
        case
            when properties.may_be_shown then properties.{{ count }} / nullif(properties.{{ total }}, 0)
        end as {{ share }}_share,
        {% endfor -%}
        case
            when
                properties.may_be_shown
                and properties.negatives > 0
                and properties.negatives + properties.zeros < properties.numbers
                then agreeing_signs.agreeing / (properties.numbers - properties.zeros)
        end as agreeing_share,
        repeated_rows.doubled / figures.row_count as doubled_share,
        repeated_rows.repeated / figures.row_count as repeated_share,
        repeated_rows.repeated_measures / figures.row_count as repeated_measures_share
    from figures
    {% for cte in ['most_frequent', 'text_properties', 'properties', 'agreeing_signs'] -%}
    left join {{ cte }}
        on
            figures.table_name = {{ cte }}.table_name
            and figures.batch_id = {{ cte }}.batch_id
            and figures.column_name = {{ cte }}.column_name
    {% endfor -%}
    left join repeated_rows
        on
            figures.table_name = repeated_rows.table_name
            and figures.batch_id = repeated_rows.batch_id
)

select * from final
