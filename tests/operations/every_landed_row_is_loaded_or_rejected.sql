{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'reconciliation',
        'reason': 'Otherwise a row could be lost between a file and the warehouse in silence.',
    }
) }}
{{ never_stops_the_load() }}

select *
from {{ ref('reconciliation') }}
where lost_rows <> 0
