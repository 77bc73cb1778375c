{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_account',
        'reason': 'Otherwise a date could find no version of a account, or two.',
    }
) }}
{{ never_stops_the_load() }}

{{ broken_history(ref('dim_account'), 'account_id') }}
