with last_runs as (
    select run_id
    from operations.runs
    where command in ('run', 'build')
    order by started_at desc
    limit 10
)

select
    results.node_name as model,
    results.schema_name as layer,
    (sum(results.seconds) * 1000)::bigint as milliseconds,
    count(*) as runs,
    max(results.rows_affected) as rows
from operations.run_results as results
inner join last_runs on results.run_id = last_runs.run_id
where results.node_kind = 'model'
group by all
order by all
