with last_runs as (
    select
        run_id,
        checked_at
    from operations.quality_scorecard_history
    group by all
    order by checked_at desc
    limit 30
)

select
    strftime(history.checked_at, '%Y-%m-%d %H:%M') as run,
    history.dimension,
    sum(history.checks) as checks,
    sum(history.passed) as passed
from operations.quality_scorecard_history as history
inner join last_runs on history.run_id = last_runs.run_id
group by all
order by all
