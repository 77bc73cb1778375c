select
    node_name as model,
    explanation,
    seconds,
    times_usual
from operations.slow_models
order by times_usual desc limit 100
