{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'dim_trade',
        'reason': 'Otherwise a cancellation could be missing.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id as batch_id, count(*) as row_count from " ~ ref('dim_trade') ~ " where status = 'Canceled' group by batch_id",
    attributes=['T_CanceledTrades'],
    data_set='DimTrade',
    holds='=', rejected='brokerage.trade'
) }}
