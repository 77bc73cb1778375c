{{ config(meta={'dimension': 'confidentiality'}) }}

-- Without it, the branch shown of a broker could single them out.
{{ too_few_persons(ref('analytics_dim_broker'), 'broker_id', ['branch']) }}
