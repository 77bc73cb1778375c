{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'dim_company',
        'reason': 'Otherwise a date could find no version of a company, or two.',
    }
) }}
{{ never_stops_the_load() }}

{{ broken_history(ref('dim_company'), 'company_id') }}
