{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'dim_trade',
        'reason': 'Otherwise a trade could be missing.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select first_batch_id as batch_id, count(*) as row_count from " ~ ref('dim_trade') ~ " group by first_batch_id",
    attributes=['T_NEW'],
    data_set='DimTrade',
    holds='=', rejected='brokerage.trade'
) }}
