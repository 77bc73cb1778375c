select
    printf('%,d', sum(case when message_type = 'Alert' then 1 else 0 end)::bigint)
    || ' alerts were raised about rows that were loaded all the same.'
from operations.di_messages
