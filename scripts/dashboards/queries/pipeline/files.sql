select
    b.batch_date as day,
    f.source_name as feed,
    count(*) as files,
    sum(f.byte_count) as bytes,
    sum(f.line_count) as lines
from operations.landed_files as f
inner join operations.batches as b on f.batch_id = b.batch_id
group by all
order by all
