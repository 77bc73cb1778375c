{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'fact_watches',
        'reason': 'Otherwise a watch could be missing.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select first_batch_id as batch_id, count(*) as row_count from " ~ ref('fact_watches') ~ " group by first_batch_id",
    attributes=['WH_ACTIVE'],
    data_set='FactWatches',
    holds='=', rejected='brokerage.watch_history'
) }}
