-- Note which batches a run loaded. The log of landed files is written in the session's time zone, the history in UTC.
update operations.runs
set
    first_batch_id = loaded.first_batch_id,
    last_batch_id = loaded.last_batch_id,
    latest_batch_id = loaded.latest_batch_id
from (
    select
        min(batch_id) filter (where is_new) as first_batch_id,
        max(batch_id) filter (where is_new) as last_batch_id,
        max(batch_id) as latest_batch_id
    from (
        select
            files.batch_id,
            files.loaded_at >= (runs.started_at at time zone 'UTC')::timestamp as is_new
        from operations.landed_files as files
        cross join operations.runs as runs
        where runs.run_id = $run_id
    ) as batches
) as loaded
where run_id = $run_id
