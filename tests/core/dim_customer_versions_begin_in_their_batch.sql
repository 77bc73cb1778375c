{{ config(
    meta={
        'dimension': 'timeliness',
        'model': 'dim_customer',
        'reason': 'Otherwise a version could be dated outside the batch that brought it.',
    }
) }}
{{ never_stops_the_load() }}

select versions.*
from {{ ref('dim_customer') }} as versions
inner join {{ ref('batches') }} as batches on versions.batch_id = batches.batch_id
where
    versions.effective_date > batches.batch_date
    or (batches.batch_id > 1 and versions.effective_date < batches.batch_date)
