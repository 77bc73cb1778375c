{{ config(materialized='view') }}

-- A test that could not run counts as failed; a skipped one does not count.
with results as (
    select * from {{ ref('run_results') }}
),

runs as (
    select * from {{ ref('runs') }}
),

final as (
    select
        results.run_id,
        runs.started_at as checked_at,
        results.model_name,
        results.dimension,
        results.batch_id,
        count(*) as checks,
        sum(case when results.status = 'pass' then 1 else 0 end) as passed,
        sum(case when results.status = 'pass' then 0 else 1 end) as failed,
        sum(coalesce(results.failures, 0)) as rows_affected,
        sum(case when results.status = 'pass' then 1.0 else 0.0 end) / count(*) as score
    from results
    inner join runs on results.run_id = runs.run_id
    where
        results.node_kind = 'test'
        and results.status <> 'skipped'
    group by results.run_id, runs.started_at, results.model_name, results.dimension, results.batch_id
)

select * from final
