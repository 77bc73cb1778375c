{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'di_messages',
        'reason': 'Otherwise rows of an earlier batch could be lost by a later one.',
    }
) }}
{{ never_stops_the_load() }}

with counts as (
    select
        batch_id,
        message_source,
        cast(message_data as bigint) as row_count,
        lag(cast(message_data as bigint)) over (partition by message_source order by batch_id) as row_count_before
    from {{ ref('di_messages') }}
    where message_text = 'Row count'
)

select *
from counts
where row_count < row_count_before
