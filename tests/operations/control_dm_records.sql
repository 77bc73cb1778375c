{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'fact_market_history',
        'reason': 'Otherwise a price could be missing.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id as batch_id, count(*) as row_count from " ~ ref('fact_market_history') ~ " group by batch_id",
    attributes=['DM_RECORDS'],
    data_set='FactMarketHistory',
    holds='=', rejected='brokerage.daily_market'
) }}
