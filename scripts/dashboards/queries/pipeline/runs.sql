with last_runs as (
    select *
    from operations.runs
    order by started_at desc
    limit 60
)

select
    strftime(started_at, '%Y-%m-%d %H:%M:%S') as run,
    command,
    status,
    coalesce(round(seconds), 0)::bigint as seconds,
    nodes,
    errors,
    failed,
    warned,
    1 as runs
from last_runs
order by run
