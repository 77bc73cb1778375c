{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'reconciliation',
        'reason': 'Otherwise a file could arrive short of what its source system says it sent.',
    }
) }}
{{ never_stops_the_load() }}

select *
from {{ ref('reconciliation') }}
where difference <> 0
