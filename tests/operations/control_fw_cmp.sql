{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'dim_company',
        'reason': 'Otherwise there could be more versions of companies than were posted.',
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id as batch_id, count(*) as row_count from " ~ ref('dim_company') ~ " group by batch_id",
    attributes=['FW_CMP'],
    data_set='DimCompany',
    holds='<='
) }}
