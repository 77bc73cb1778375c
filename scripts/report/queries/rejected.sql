-- Rejected rows by source, column and kind of reason, with what to do. The value is left out of the reason.
select
    rejects.source_name,
    rejects.column_name,
    coalesce(regexp_replace(reasons.reason, '\{\w+\}', '…', 'g'), rejects.reason_code) as reason,
    reasons.advice,
    count(*) as rejected_rows,
    count(distinct rejects.batch_id) as batches,
    max(rejects.batch_id) as last_batch
from operations.rejected_rows as rejects
left join reference.reject_reasons as reasons on rejects.reason_code = reasons.reason_code
group by all
order by rejected_rows desc, rejects.source_name asc, rejects.column_name asc, reason asc
