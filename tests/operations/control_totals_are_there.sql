{{ config(
    severity='warn',
    meta={
        'dimension': 'completeness',
        'model': 'audit',
        'reason': 'A landing area may lack control totals; the load is sound without them, but nothing outside confirms it.',
    }
) }}
{{ never_stops_the_load() }}

-- Says which batches came without control totals, so that there is nothing to reconcile them against.
select batches.batch_id
from {{ ref('batches') }} as batches
left join {{ ref('audit') }} as totals
    on
        batches.batch_id = totals.batch_id
        and totals.attribute not in ('FirstDay', 'LastDay')
where totals.batch_id is null
