{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns'
) }}

{%- do depend_on_profiled_tables() -%}
{%- set queries = profile_queries() %}

-- One row per table, column and batch. Batches after the first are profiled from all of their rows.
with measured as (
    {{ queries.profiles | join(' union all ') or no_profile() }}
),

profiled_texts as (
    {{ queries.texts | join(' union all ') or no_profiled_texts() }}
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
    {{ queries['values'] | join(' union all ') or no_profiled_values() }}
),

-- How many values of a daily batch have a property that most of them usually have or don't have.
properties as (
    select
        table_name,
        batch_id,
        column_name,
        cast(list_max(map_values(histogram(value))) as bigint) as most_frequent_count,
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

agreeing_signs as (
    {{ agreeing_signs('profiled_values') | indent(4) }}
),

hashed_rows as (
    {{ queries.hashes | join(' union all ') or no_hashed_rows() }}
),

repeated_rows as (
    {{ repeated_contents('hashed_rows') | indent(4) }}
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
        properties.most_frequent_count,
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
    {% for cte in ['text_properties', 'properties', 'agreeing_signs'] -%}
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
