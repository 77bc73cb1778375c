{{ config(meta={'dimension': 'consistency'}) }}

-- Without it, a date could find no version of a account, or two.
{{ broken_history(ref('dim_account'), 'account_id') }}
