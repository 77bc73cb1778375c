{{ config(
    severity='error',
    meta={
        'dimension': 'validity',
        'model': 'analytics_dim_broker',
        'reason': 'Otherwise a broker could be singled out.',
    }
) }}
{{ never_stops_the_load() }}

-- Without it, the branch shown of a broker could single them out.
{{ too_few_persons(ref('analytics_dim_broker'), 'broker_id', ['branch']) }}
