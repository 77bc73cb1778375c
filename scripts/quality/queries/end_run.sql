-- Note how a run ended, from what became of its nodes. Without any, a hook at the start has failed, and nothing was
-- tried.
update operations.runs
set
    ended_at = now() at time zone 'UTC',
    seconds = epoch((now() at time zone 'UTC') - started_at),
    status = case
        when $refused then 'refused'
        when results.errors > 0 or results.nodes = 0 then 'error'
        when results.failed > 0 then 'fail'
        when results.warned > 0 then 'warn'
        else 'success'
    end,
    nodes = results.nodes,
    errors = case when $refused then 1 else results.errors end,
    failed = results.failed,
    warned = results.warned,
    skipped = results.skipped
from (
    select
        count(*) as nodes,
        count(*) filter (where status in ('error', 'runtime error')) as errors,
        count(*) filter (where status = 'fail') as failed,
        count(*) filter (where status = 'warn') as warned,
        count(*) filter (where status = 'skipped') as skipped
    from operations.run_results
    where run_id = $run_id
) as results
where run_id = $run_id
