{{ config(meta={'dimension': 'confidentiality'}) }}

-- Without it, what is shown of a customer could single them out. All versions count, those of one customer as one
-- person; a customer with two different rows is counted in both combinations, and is found by the second test below.
{{ too_few_persons(
    ref('analytics_dim_customer'), 'customer_id',
    ['gender', 'age_band', 'area', 'net_worth_band', 'credit_band'], 'agency_id is not null'
) }}
