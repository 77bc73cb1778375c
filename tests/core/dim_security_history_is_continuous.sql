{{ config(meta={'dimension': 'consistency'}) }}

-- Without it, a date could find no version of a security, or two.
{{ broken_history(ref('dim_security'), 'symbol') }}
