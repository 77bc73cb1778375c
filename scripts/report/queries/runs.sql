-- The newest runs, with what the chart shows of each.
select
    *,
    strftime(started_at, '%m-%d %H:%M:%S') as run,
    coalesce(seconds, 0) as charted_seconds,
    case when status <> 'success' then 'failed' when warned > 0 then 'warned' else 'success' end as outcome
from operations.runs
order by started_at desc, run_id asc
limit 60
