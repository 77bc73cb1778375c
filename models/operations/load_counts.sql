{{ config(materialized='incremental', incremental_strategy='append') }}

{#- Every source that is reconciled: all but the control totals themselves. Counting is one pass over each table's
    batch column; where a table has a row for each landed row, its own rows are the count. -#}
{%- set counted_in = {
    'brokerage.daily_market': 'fact_market_history',
    'brokerage.holding_history': 'fact_holdings',
    'brokerage.watch_history': 'fact_watches',
    'newswire.financial': 'financial'
} -%}
{%- set sources = reconciled_sources() -%}
{%- set parents = "'" ~ parent_sources() | join("', '") ~ "'" -%}

-- One row a source and batch: how many rows landed, how many could be read, and how many of those the warehouse took.
with landed as (
    select
        source_name,
        batch_id,
        count(*) as file_count,
        sum(line_count) as landed_rows
    from {{ landing_log() }}
    where
        source_name <> 'control.audit'
        and {{ is_new_batch() }}
    group by source_name, batch_id
),

-- A watch stands for its placement and, once removed, for its removal too.
watch_events as (
    select
        first_batch_id as batch_id,
        count(*) as event_count
    from {{ ref('fact_watches') }}
    group by first_batch_id
    union all
    select
        batch_id,
        count(*) as event_count
    from {{ ref('fact_watches') }}
    where sk_date_id_date_removed is not null
    group by batch_id
),

staged as (
    {% for source_name in sources -%}
    select
        '{{ source_name }}' as source_name,
        batch_id,
        count(*) as staged_rows
    from {{ ref('stg_' ~ source_name | replace('.', '__')) }}
    where {{ is_new_batch() }}
    group by batch_id
    {% if not loop.last -%}
    union all
    {% endif %}
    {%- endfor %}
),

accepted as (
    {% for source_name in parent_sources() -%}
    select
        '{{ source_name }}' as source_name,
        landed.batch_id,
        {{ 'sum(landed.event_count)' if source_name == 'brokerage.watch_history' else 'count(*)' }} as accepted_rows
    {%- if source_name in counted_in %}
    from {{ 'watch_events' if source_name == 'brokerage.watch_history' else ref(counted_in[source_name]) }} as landed
    where {{ is_new_batch('landed.batch_id') }}
    {%- else %}
    {{ rows_taken(source_name, is_new_batch('landed.batch_id')) }}
    {%- endif %}
    group by landed.batch_id
    {% if not loop.last -%}
    union all
    {% endif %}
    {%- endfor %}
),

final as (
    select
        landed.source_name,
        landed.batch_id,
        landed.file_count,
        cast(landed.landed_rows as bigint) as landed_rows,
        coalesce(staged.staged_rows, 0) as staged_rows,
        cast(coalesce(
            accepted.accepted_rows,
            case when landed.source_name in ({{ parents }}) then 0 else staged.staged_rows end,
            0
        ) as bigint) as accepted_rows
    from landed
    left join staged
        on
            landed.source_name = staged.source_name
            and landed.batch_id = staged.batch_id
    left join accepted
        on
            landed.source_name = accepted.source_name
            and landed.batch_id = accepted.batch_id
)

select * from final
