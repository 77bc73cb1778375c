select
    model_name as model,
    dimension,
    sum(checks) as checks,
    sum(passed) as passed,
    sum(failed) as failed
from operations.quality_scorecard
group by all
order by all
