{{ config(meta={'dimension': 'consistency'}) }}

-- Without it, a date could find no version of a company, or two.
{{ broken_history(ref('dim_company'), 'company_id') }}
