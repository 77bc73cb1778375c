{{ config(materialized='view') }}

-- A test that could not run counts as failed; a skipped one does not count.
with results as (
    select * from {{ ref('run_results') }}
),

runs as (
    select * from {{ ref('runs') }}
),

checks as (
    select
        results.model_name,
        results.dimension,
        results.batch_id,
        results.status,
        coalesce(results.failures, 0) as failures,
        runs.started_at,
        row_number() over (
            partition by results.node_id, results.batch_id
            order by runs.started_at desc, results.run_id asc
        ) as recency
    from results
    inner join runs on results.run_id = runs.run_id
    where
        results.node_kind = 'test'
        and results.status <> 'skipped'
),

final as (
    select
        model_name,
        dimension,
        batch_id,
        count(*) as checks,
        sum(case when status = 'pass' then 1 else 0 end) as passed,
        sum(case when status = 'pass' then 0 else 1 end) as failed,
        sum(failures) as rows_affected,
        sum(case when status = 'pass' then 1.0 else 0.0 end) / count(*) as score,
        max(started_at) as checked_at
    from checks
    where recency = 1
    group by model_name, dimension, batch_id
)

select * from final
