{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_security',
        'reason': 'Otherwise a date could find no version of a security, or two.',
    }
) }}
{{ never_stops_the_load() }}

{{ broken_history(ref('dim_security'), 'symbol') }}
