{{ config(materialized='incremental', incremental_strategy='append') }}

{#- What is looked at in each column: (kind, rows, category, value, weight, unit, which columns). -#}
{%- set measures = "role = 'measure' and mean is not null" -%}
{%- set figures = [
    ('null_share', 'new_columns', 'null', 'null_share', 'row_count', '1', 'true'),
    ('distinct', 'new_columns', 'null', 'distinct_count', 'filled_count', '1', 'true'),
    ('mean', 'new_columns', 'null', 'mean', 'filled_count', 'coalesce(unit, 1)', measures),
    ('median', 'new_columns', 'null', 'p50', 'filled_count', 'coalesce(unit, 1)', measures),
    ('spread', 'new_columns', 'null', 'p75 - p25', 'filled_count', 'coalesce(unit, 1)', measures),
    ('length', 'new_columns', 'null', 'mean_length', 'filled_count', '1', 'true'),
    (
        'concentration', 'new_columns', 'frequent_values[1].value', 'most_frequent_count', 'filled_count', '1',
        "role = 'identifier'"
    ),
    (
        'mode_share', 'new_columns', 'null', 'most_frequent_count / filled_count', 'filled_count', '1',
        "role = 'measure'"
    ),
    ('share', 'category_shares', 'category', 'share', 'filled_count', '1', 'true'),
    ('category_rows', 'category_shares', 'category', 'round(share * filled_count)', 'filled_count', '1', 'true'),
    ('blank_share', 'new_columns', 'null', 'blank_share', 'filled_count', '1', 'true'),
    ('zero_share', 'new_columns', 'null', 'zero_share', 'filled_count', '1', 'true'),
    ('round_share', 'new_columns', 'null', 'round_share', 'filled_count', '1', 'true'),
    ('above_share', 'new_columns', 'null', 'above_share', 'filled_count', '1', 'true'),
    ('non_ascii_share', 'new_columns', 'null', 'non_ascii_share', 'filled_count', '1', 'true'),
    ('garbled_share', 'new_columns', 'null', 'garbled_share', 'filled_count', '1', 'true'),
    ('agreeing_share', 'new_columns', 'null', 'agreeing_share', 'filled_count', '1', 'true'),
    ('negative_share', 'new_columns', 'null', 'negative_share', 'filled_count', '1', measures),
    ('doubled_share', 'new_files', 'null', 'doubled_share', 'row_count', '1', 'true'),
    ('repeated_share', 'new_files', 'null', 'repeated_share', 'row_count', '1', 'true'),
    ('repeated_measures_share', 'new_files', 'null', 'repeated_measures_share', 'row_count', '1', 'true'),
] -%}

-- Rejects are counted in the reconciliation, which is right once core is loaded.
{{ depend_on_core() }}
-- One row a series and batch. A category that was seen once has a row in every later batch, with 0 where it is missing.
with batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
),

counts as (
    select * from {{ ref('reconciliation') }}
),

profiles as (
    select * from {{ ref('column_profile') }}
),

files as (
    select
        source_name,
        batch_id,
        regexp_replace(min(feed), '[0-9]{4}Q[1-4]$', '') as feed,
        max(modified_at) as arrived_at
    from {{ ref('landed_files') }}
    where source_name not in ('control.audit', 'reference.batch_date')
    group by source_name, batch_id
),

-- When half of a batch's sources had arrived.
arrivals as (
    select
        batch_id,
        median(arrived_at) as half_arrived_at
    from files
    group by batch_id
),

columns_of_files as (
    select
        profiles.*,
        files.source_name,
        files.feed,
        profiles.row_count * (1 - profiles.null_share) as filled_count,
        max(profiles.distinct_count) over (
            partition by profiles.table_name, profiles.column_name
            order by profiles.batch_id
        ) as most_distinct_count,
        first_value(nullif(coalesce(nullif(profiles.p75 - profiles.p25, 0), profiles.stddev), 0) ignore nulls) over (
            partition by profiles.table_name, profiles.column_name
            order by profiles.batch_id
        ) as unit
    from profiles
    inner join files
        on
            profiles.table_name = 'stg_' || replace(files.source_name, '.', '__')
            and profiles.batch_id = files.batch_id
    where profiles.column_name <> 'cdc_dsn'
),

new_columns as (
    select * from columns_of_files
    where {{ is_new_batch() }}
),

new_files as (
    select distinct
        source_name,
        feed,
        batch_id,
        row_count,
        cast(null as varchar) as column_name,
        doubled_share,
        repeated_share,
        repeated_measures_share
    from new_columns
),

unnested_values as (
    select
        table_name,
        column_name,
        batch_id,
        {{ unnested('frequent_values') }} as listed
    from columns_of_files
    where role = 'code'
),

listed_values as (
    select
        unnested_values.table_name,
        unnested_values.column_name,
        unnested_values.batch_id,
        {{ field_of('unnested_values.listed', 'value') }} as category,
        {{ field_of('unnested_values.listed', 'share') }} as share
    from unnested_values
),

categories as (
    select
        table_name,
        column_name,
        category,
        min(batch_id) as first_batch_id
    from listed_values
    group by table_name, column_name, category
),

category_shares as (
    select
        new_columns.batch_id,
        new_columns.source_name,
        new_columns.feed,
        new_columns.column_name,
        categories.category,
        coalesce(listed_values.share, 0) as share,
        new_columns.filled_count
    from new_columns
    inner join categories
        on
            new_columns.table_name = categories.table_name
            and new_columns.column_name = categories.column_name
            and new_columns.batch_id >= categories.first_batch_id
    left join listed_values
        on
            categories.table_name = listed_values.table_name
            and categories.column_name = listed_values.column_name
            and new_columns.batch_id = listed_values.batch_id
            and categories.category = listed_values.category
    where
        new_columns.most_distinct_count <= 25
        and new_columns.filled_count > 0
),

series as (
    {% for kind, value, weight in [
        ('rows', 'counts.landed_rows', 'counts.landed_rows'),
        ('rejected', 'counts.rejected_rows', 'counts.landed_rows')
    ] -%}
    select
        counts.batch_id,
        counts.source_name,
        files.feed,
        cast(null as varchar) as column_name,
        '{{ kind }}' as kind,
        cast(null as varchar) as category,
        cast({{ value }} as double) as value,
        cast({{ weight }} as double) as weight,
        cast(1 as double) as unit
    from counts
    inner join files
        on
            counts.source_name = files.source_name
            and counts.batch_id = files.batch_id
    where {{ is_new_batch('counts.batch_id') }}
    union all
    {% endfor -%}
    select
        files.batch_id,
        files.source_name,
        files.feed,
        null as column_name,
        'arrival' as kind,
        null as category,
        greatest(floor(epoch(files.arrived_at - arrivals.half_arrived_at) / 3600), 0) as value,
        1 as weight,
        1 as unit
    from files
    inner join arrivals on files.batch_id = arrivals.batch_id
    where {{ is_new_batch('files.batch_id') }}
    union all
    {% for kind, rows, category, value, weight, unit, condition in figures -%}
    select
        batch_id,
        source_name,
        feed,
        column_name,
        '{{ kind }}' as kind,
        {{ category }} as category,
        {{ value }} as value,
        {{ weight }} as weight,
        {{ unit }} as unit
    from {{ rows }}
    where {{ condition }}
    union all
    {% endfor -%}
    select
        new_columns.batch_id,
        new_columns.source_name,
        new_columns.feed,
        new_columns.column_name,
        'age' as kind,
        null as category,
        epoch(batch_dates.batch_date) / 86400.0 - new_columns.mean as value,
        new_columns.filled_count as weight,
        1 as unit
    from new_columns
    inner join batch_dates on new_columns.batch_id = batch_dates.batch_id
    where
        new_columns.role = 'time'
        and new_columns.mean is not null
    {% for table_name, column_name, source_name in watched_concentrations() -%}
    union all
    select
        files.batch_id,
        files.source_name,
        files.feed,
        '{{ column_name.removeprefix("sk_") }}' as column_name,
        'concentration' as kind,
        null as category,
        profiles.most_frequent_count as value,
        profiles.row_count as weight,
        1 as unit
    from profiles
    inner join files on profiles.batch_id = files.batch_id
    where
        profiles.table_name = '{{ table_name }}'
        and profiles.column_name = '{{ column_name }}'
        and files.source_name = '{{ source_name }}'
        and {{ is_new_batch('files.batch_id') }}
    {% endfor -%}
),

final as (
    select
        series.batch_id,
        batch_dates.batch_date,
        series.source_name,
        series.feed,
        series.column_name,
        series.kind,
        series.category,
        series.feed || coalesce('.' || series.column_name, '')
        || case
            when series.kind in ('share', 'category_rows') then '.' || series.category
            else ''
        end
        || ':' || series.kind as series,
        series.value,
        series.weight,
        series.unit
    from series
    inner join batch_dates on series.batch_id = batch_dates.batch_id
    where series.value is not null
)

select * from final
