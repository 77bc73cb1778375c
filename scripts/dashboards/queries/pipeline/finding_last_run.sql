select
    'The last run ended with ' || max_by(status, started_at) || ' after '
    || round(max_by(seconds, started_at))::integer || ' seconds.'
from operations.runs
where status <> 'running'
