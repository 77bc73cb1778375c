{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'reconciliation',
        'reason': 'Otherwise a row could be lost between a file and the warehouse in silence.',
    }
) }}
{{ never_stops_the_load() }}
-- depends_on: {{ ref('di_messages') }}

select *
from {{ ref('reconciliation') }}
where lost_rows <> 0
