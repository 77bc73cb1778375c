select
    b.batch_date as day,
    r.source_name as feed,
    r.reason_code as reason,
    count(*) as rows
from operations.rejected_rows as r
inner join operations.batches as b on r.batch_id = b.batch_id
group by all
order by all
