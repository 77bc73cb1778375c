{{ config(meta={'dimension': 'consistency'}) }}

-- Without it, a date could find no version of a customer, or two.
{{ broken_history(ref('dim_customer'), 'customer_id') }}
