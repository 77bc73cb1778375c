{{ config(materialized='ephemeral') }}

-- One row per table, kind of count and batch: what there is after that batch. Batch 0 is the empty warehouse.
with batches as (
    select 0 as batch_id
    union all
    select batch_id
    from {{ ref('stg_reference__batch_date') }}
),

-- A version that is no longer Inactive subtracts what its predecessor added.
customer_changes as (
    select
        batch_id,
        case when status = 'Inactive' then 1 else 0 end
        - lag(case when status = 'Inactive' then 1 else 0 end, 1, 0) over (
            partition by customer_id
            order by effective_date
        ) as inactive_count
    from {{ ref('dim_customer') }}
),

-- Every table, including empty ones.
tables as (
    {% for model_name, table_name in counted_tables() -%}
    select
        '{{ model_name }}' as model_name,
        '{{ table_name }}' as table_name,
        'Row count' as message_text
    union all
    {% endfor -%}
    select
        null as model_name,
        'Prospect' as table_name,
        'Row count' as message_text
    union all
    select
        null as model_name,
        'DimCustomer' as table_name,
        'Inactive customers' as message_text
    union all
    select
        null as model_name,
        'FactWatches' as table_name,
        'Inactive watches' as message_text
),

added as (
    select
        tables.table_name,
        tables.message_text,
        counts.batch_id,
        counts.row_count
    from {{ ref('row_counts') }} as counts
    inner join tables on counts.model_name = tables.model_name
    where counts.source_name is null
    union all
    select
        'Prospect' as table_name,
        'Row count' as message_text,
        batch_id,
        sum(case when is_first then 1 else 0 end) as row_count
    from {{ ref('int_prospect_versions') }}
    group by batch_id
    union all
    select
        'DimCustomer' as table_name,
        'Inactive customers' as message_text,
        batch_id,
        sum(inactive_count) as row_count
    from customer_changes
    group by batch_id
    union all
    select
        'FactWatches' as table_name,
        'Inactive watches' as message_text,
        batch_id,
        sum(case when sk_date_id_date_removed is null then 0 else 1 end) as row_count
    from {{ ref('fact_watches') }}
    group by batch_id
),

accumulated as (
    select
        tables.table_name,
        tables.message_text,
        batches.batch_id,
        coalesce(sum(added.row_count), 0) as row_count
    from tables
    cross join batches
    left join added
        on
            tables.table_name = added.table_name
            and tables.message_text = added.message_text
            and batches.batch_id >= added.batch_id
    group by tables.table_name, tables.message_text, batches.batch_id
)

select * from accumulated
