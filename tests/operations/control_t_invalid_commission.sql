{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'di_messages',
        'reason': 'Otherwise an alert about a trade could be missing.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id as batch_id, count(*) as row_count from " ~ ref('di_messages') ~ " where message_type = 'Alert' and message_text = 'Invalid trade commission' group by batch_id",
    attributes=['T_InvalidCommision'],
    data_set='DimTrade',
    holds='='
) }}
