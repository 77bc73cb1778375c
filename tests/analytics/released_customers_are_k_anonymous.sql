{{ config(
    severity='error',
    meta={
        'dimension': 'validity',
        'model': 'analytics_dim_customer',
        'reason': 'Otherwise a customer could be singled out.',
    }
) }}
{{ never_stops_the_load() }}

-- Without it, what is shown of a customer could single them out. All versions count, those of one customer as one
-- person; that they all show the same is a test of its own.
{{ too_few_persons(
    ref('analytics_dim_customer'), 'customer_id',
    ['gender', 'age_band', 'area', 'net_worth_band', 'credit_band'], 'agency_id is not null'
) }}
