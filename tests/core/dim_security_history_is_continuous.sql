{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_security',
        'reason': 'Otherwise a date could find no version of a security, or two.',
    }
) }}

{{ broken_history(ref('dim_security'), 'symbol') }}
