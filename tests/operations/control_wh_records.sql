{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'fact_watches',
        'reason': 'Otherwise the removal of a watch could be missing.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id, sum(row_count) as row_count from (select first_batch_id as batch_id, count(*) as row_count from " ~ ref('fact_watches') ~ " group by first_batch_id union all select batch_id, count(*) as row_count from " ~ ref('fact_watches') ~ " where sk_date_id_date_removed is not null group by batch_id) as changes group by batch_id",
    attributes=['WH_RECORDS'],
    data_set='FactWatches',
    holds='=', rejected='brokerage.watch_history'
) }}
