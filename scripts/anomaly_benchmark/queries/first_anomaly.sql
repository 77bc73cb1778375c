-- The first anomaly in the batches of a fault that names its file and a column that shows it.
select
    batch_id,
    explanation
from operations.anomalies
where
    batch_id between $first_batch and $last_batch
    and feed = $file
    and list_contains($columns::varchar[], coalesce(column_name, ''))
    and contains(explanation, $file)
    and contains(explanation, coalesce(column_name, ''))
order by batch_id, abs(score) desc
limit 1
