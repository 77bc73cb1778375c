-- Share of checks that passed in each of the newest runs that tested.
select
    strftime(runs.started_at, '%m-%d %H:%M:%S') as run,
    (sum(history.passed) / sum(history.checks))::double as score
from operations.quality_scorecard_history as history
inner join operations.runs as runs on history.run_id = runs.run_id
group by runs.run_id, runs.started_at
order by runs.started_at desc
limit 60
