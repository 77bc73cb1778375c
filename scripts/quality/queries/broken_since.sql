-- When each node's present row of broken results began, and how many runs it has lasted.
with results as (
    select
        results.node_id,
        runs.started_at,
        results.status in ('error', 'runtime error', 'fail') as is_broken
    from operations.run_results as results
    inner join operations.runs as runs on results.run_id = runs.run_id
    where results.status <> 'skipped' and results.node_id in (select unnest($node_ids::varchar[]))
),

sound as (
    select
        node_id,
        max(started_at) as started_at
    from results
    where not is_broken
    group by node_id
)

select
    results.node_id,
    min(results.started_at) as broken_since,
    count(*) as broken_runs
from results
left join sound on results.node_id = sound.node_id
where results.is_broken and (sound.started_at is null or results.started_at > sound.started_at)
group by results.node_id
