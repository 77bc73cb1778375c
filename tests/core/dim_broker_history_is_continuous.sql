{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_broker',
        'reason': 'Otherwise a date could find no version of a broker, or two.',
    }
) }}
{{ never_stops_the_load() }}

{{ broken_history(ref('dim_broker'), 'broker_id') }}
