{{ config(materialized='incremental', incremental_strategy='append') }}

-- One row per series and batch. A category seen once has a row in every later batch, with 0 where it is missing.
with batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
),

file_figures as (
    select * from {{ ref('file_series') }}
),

-- Every file has arrived.
files as (
    select
        source_name,
        feed,
        batch_id
    from file_figures
    where kind = 'arrival'
),

columns_of_files as (
    select
        profiles.*,
        batch_dates.batch_date,
        files.source_name,
        files.feed,
        profiles.row_count * (1 - profiles.null_share) as filled_count,
        first_value(nullif(coalesce(nullif(profiles.p75 - profiles.p25, 0), profiles.stddev), 0) ignore nulls) over (
            partition by profiles.table_name, profiles.column_name
            order by profiles.batch_id
        ) as unit
    from {{ ref('column_profile') }} as profiles
    inner join files
        on
            profiles.table_name = 'stg_' || replace(files.source_name, '.', '__')
            and profiles.batch_id = files.batch_id
    inner join batch_dates on profiles.batch_id = batch_dates.batch_id
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

category_shares as (
    select
        new_columns.*,
        shares.category,
        shares.share
    from new_columns
    inner join {{ ref('category_shares') }} as shares
        on
            new_columns.table_name = shares.table_name
            and new_columns.column_name = shares.column_name
            and new_columns.batch_id = shares.batch_id
    where new_columns.filled_count > 0
),

series as (
    select
        batch_id,
        source_name,
        feed,
        cast(null as varchar) as column_name,
        kind,
        cast(null as varchar) as category,
        value,
        weight,
        cast(1 as double) as unit
    from file_figures
    where {{ is_new_batch() }}
    {% for kind, rows, category, value, weight, unit, condition in watched_figures() -%}
    union all
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
    {% endfor -%}
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
    from {{ ref('column_profile') }} as profiles
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
