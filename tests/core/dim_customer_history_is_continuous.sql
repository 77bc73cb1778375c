{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_customer',
        'reason': 'Otherwise a date could find no version of a customer, or two.',
    }
) }}
{{ never_stops_the_load() }}

{{ broken_history(ref('dim_customer'), 'customer_id') }}
