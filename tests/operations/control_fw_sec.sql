{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'dim_security',
        'reason': 'Otherwise versions of securities could be missing.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id as batch_id, count(*) as row_count from " ~ ref('dim_security') ~ " group by batch_id",
    attributes=['FW_SEC'],
    data_set='DimSecurity',
    holds='>=', rejected='newswire.security'
) }}
