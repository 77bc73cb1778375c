{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'dim_broker',
        'reason': 'Otherwise a broker could be missing.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id as batch_id, count(*) as row_count from " ~ ref('dim_broker') ~ " group by batch_id",
    attributes=['HR_BROKERS'],
    data_set='DimBroker',
    holds='='
) }}
