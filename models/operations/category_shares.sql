{{ config(materialized='view') }}

-- A value that was listed once has a row in every later batch, with 0 where it is missing.
with profiles as (
    select
        table_name,
        column_name,
        batch_id,
        frequent_values,
        max(distinct_count) over (partition by table_name, column_name order by batch_id) as most_distinct_count
    from {{ ref('column_profile') }}
    where role = 'code'
),

unnested_values as (
    select
        table_name,
        column_name,
        batch_id,
        {{ unnested('frequent_values') }} as listed
    from profiles
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

final as (
    select
        profiles.table_name,
        profiles.column_name,
        profiles.batch_id,
        categories.category,
        coalesce(listed_values.share, 0) as share
    from profiles
    inner join categories
        on
            profiles.table_name = categories.table_name
            and profiles.column_name = categories.column_name
            and profiles.batch_id >= categories.first_batch_id
    left join listed_values
        on
            categories.table_name = listed_values.table_name
            and categories.column_name = listed_values.column_name
            and profiles.batch_id = listed_values.batch_id
            and categories.category = listed_values.category
    where profiles.most_distinct_count <= 25
)

select * from final
