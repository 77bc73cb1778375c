{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'financial',
        'reason': "Otherwise a quarter's accounts could be missing.",
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id as batch_id, count(*) as row_count from " ~ ref('financial') ~ " group by batch_id",
    attributes=['FW_FIN'],
    data_set='Financial',
    holds='=', rejected='newswire.financial'
) }}
