{{ config(materialized='view') }}

-- Rejects are counted in the reconciliation, which is right once core is loaded.
{{ depend_on_core() }}
with counts as (
    select * from {{ ref('reconciliation') }}
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

final as (
    {% for kind, value in [('rows', 'counts.landed_rows'), ('rejected', 'counts.rejected_rows')] -%}
    select
        files.batch_id,
        files.source_name,
        files.feed,
        '{{ kind }}' as kind,
        cast({{ value }} as double) as value,
        cast(counts.landed_rows as double) as weight
    from counts
    inner join files
        on
            counts.source_name = files.source_name
            and counts.batch_id = files.batch_id
    union all
    {% endfor -%}
    select
        files.batch_id,
        files.source_name,
        files.feed,
        'arrival' as kind,
        greatest(floor(epoch(files.arrived_at - arrivals.half_arrived_at) / 3600), 0) as value,
        1 as weight
    from files
    inner join arrivals on files.batch_id = arrivals.batch_id
)

select * from final
