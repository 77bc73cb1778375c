-- Tests that fail now, with the first of the runs in a row in which they have failed.
with results as (
    select
        results.node_id,
        results.status,
        runs.started_at
    from operations.run_results as results
    inner join operations.runs as runs on results.run_id = runs.run_id
    where results.node_kind = 'test' and results.status <> 'skipped'
),

passed as (
    select
        node_id,
        max(started_at) as passed_at
    from results
    where status = 'pass'
    group by node_id
),

since as (
    select
        results.node_id,
        min(results.started_at) as failing_since
    from results
    left join passed on results.node_id = passed.node_id
    where passed.passed_at is null or results.started_at > passed.passed_at
    group by results.node_id
)

select
    failing.*,
    since.failing_since
from operations.failing_rows as failing
left join since on failing.test_id = since.node_id
order by failing.severity asc, failing.failing_rows desc, failing.test_name asc
