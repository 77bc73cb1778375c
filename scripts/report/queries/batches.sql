-- What has landed in all; no row where nothing has.
select
    count(*) as batches,
    min(batch_date) as first_day,
    max(batch_date) as last_day,
    sum(landed_rows)::bigint as landed_rows,
    max(loaded_at) as loaded_at
from operations.batches
having count(*) > 0
