select
    b.batch_date as day,
    m.message_source as source,
    m.message_text as message,
    count(*) as rows
from operations.di_messages as m
inner join operations.batches as b on m.batch_id = b.batch_id
where m.message_type = 'Alert'
group by all
order by all
