{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'di_messages',
        'reason': 'Otherwise a fact could fall out of every report that joins it to its dimensions.',
    }
) }}
{{ never_stops_the_load() }}

with messages as (
    select * from {{ ref('di_messages') }}
)

select
    counted.batch_id,
    counted.message_source,
    counted.message_data as row_count,
    joined.message_data as joined_row_count
from messages as counted
inner join messages as joined
    on
        counted.batch_id = joined.batch_id
        and counted.message_source = joined.message_source
where
    counted.message_text = 'Row count'
    and joined.message_text = 'Row count joined'
    and counted.message_data <> joined.message_data
