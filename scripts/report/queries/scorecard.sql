-- One row per model: how its checks of each dimension ended when they were last made, the worst models first.
with latest as (
    select *
    from operations.quality_scorecard
    where dimension is not null
    qualify row_number() over (partition by model_name, dimension order by batch_id desc) = 1
)

select
    coalesce(model_name, '(no model)') as model,
    sum(passed) as passed,
    sum(checks) as checks,
    map(list(dimension), list(latest)) as cells
from latest
group by model_name
order by min(score), model
