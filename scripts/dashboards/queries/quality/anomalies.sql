select
    b.batch_date as day,
    a.source_name as feed,
    a.kind,
    a.explanation,
    a.score
from operations.anomalies as a
inner join operations.batches as b on a.batch_id = b.batch_id
order by a.score desc
limit 200
