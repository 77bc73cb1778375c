-- One row per prospect who is not erased, with the day on which a list last had them.
select
    agency_id as subject,
    strptime(sk_record_date_id::varchar, '%Y%m%d') as since
from core.prospect
where coalesce(last_name, '') not like 'ERASED %'
