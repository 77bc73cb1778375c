{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'fact_holdings',
        'reason': 'Otherwise a holding could be missing.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id as batch_id, count(*) as row_count from " ~ ref('fact_holdings') ~ " group by batch_id",
    attributes=['HH_RECORDS'],
    data_set='FactHoldings',
    holds='=', rejected='brokerage.holding_history'
) }}
