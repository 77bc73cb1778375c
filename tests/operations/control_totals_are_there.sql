{{ config(
    severity='warn',
    meta={
        'dimension': 'completeness',
        'model': 'control_results',
        'reason': 'A landing area may lack control totals; the load is sound without them, but nothing outside confirms it.',
    }
) }}
{{ never_stops_the_load() }}

-- Controls with rows in a batch but no total to compare them with.
select
    control,
    attributes,
    batch_id,
    found
from {{ ref('control_results') }}
where outcome = 'no total'
