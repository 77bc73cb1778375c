select
    b.batch_date as day,
    r.source_name as feed,
    sum(r.landed_rows) as landed,
    sum(r.loaded_rows) as loaded,
    sum(r.rejected_rows) as rejected,
    sum(r.lost_rows) as lost
from operations.reconciliation as r
inner join operations.batches as b on r.batch_id = b.batch_id
group by all
order by all
