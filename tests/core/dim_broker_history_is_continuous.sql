{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_broker',
        'reason': 'Otherwise a date could find no version of a broker, or two.',
    }
) }}

{{ broken_history(ref('dim_broker'), 'broker_id') }}
