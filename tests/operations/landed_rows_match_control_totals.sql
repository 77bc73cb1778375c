{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'control_results',
        'reason': 'Otherwise a file could arrive short of what its source system says it sent.',
    }
) }}
{{ never_stops_the_load() }}
-- depends_on: {{ ref('di_messages') }}

select *
from {{ ref('control_results') }}
where
    model_name = 'reconciliation'
    and outcome in ('differs', 'unusable')
