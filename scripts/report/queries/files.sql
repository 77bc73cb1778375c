-- Reconciliation of each source over all batches.
select
    source_name,
    count(*) as batches,
    sum(file_count)::bigint as files,
    sum(landed_rows)::bigint as landed_rows,
    sum(loaded_rows)::bigint as loaded_rows,
    sum(rejected_rows)::bigint as rejected_rows,
    sum(lost_rows)::bigint as lost_rows,
    sum(control_total) as control_total,
    sum(abs(difference)) as difference
from operations.reconciliation
group by source_name
order by source_name
