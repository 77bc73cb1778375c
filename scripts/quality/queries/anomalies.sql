-- What was odd in the batches that a run loaded.
select
    anomalies.batch_id,
    anomalies.explanation,
    anomalies.source_name
from operations.anomalies as anomalies
inner join operations.runs as runs on anomalies.batch_id between runs.first_batch_id and runs.last_batch_id
where runs.run_id = $run_id
order by anomalies.batch_id desc, anomalies.score desc
