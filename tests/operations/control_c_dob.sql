{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'di_messages',
        'reason': "Otherwise an alert about a customer's birth date could be missing.",
    }
) }}
{{ never_stops_the_load() }}

{{ control_differences(
    actual="select batch_id as batch_id, count(*) as row_count from " ~ ref('di_messages') ~ " where message_type = 'Alert' and message_text = 'DOB out of range' group by batch_id",
    attributes=['C_DOB_TO', 'C_DOB_TY'],
    data_set='DimCustomer',
    holds='='
) }}
