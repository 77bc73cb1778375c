{{ config(
    severity='error',
    meta={
        'dimension': 'completeness',
        'model': 'analytics_dim_customer',
        'reason': 'Otherwise totals of analysts would differ from those of the warehouse.',
    }
) }}
{{ never_stops_the_load() }}

-- Without it, a table with tokens could lose or repeat rows in the joins that make them.
{% for model in ['dim_customer', 'dim_account', 'dim_broker', 'dim_trade', 'fact_cash_balances', 'fact_holdings',
    'fact_watches', 'prospect'] %}
select
    '{{ model }}' as table_name,
    (select count(*) from {{ ref(model) }}) as core_rows,
    (select count(*) from {{ ref('analytics_' ~ model) }}) as analytics_rows
where (select count(*) from {{ ref(model) }}) <> (select count(*) from {{ ref('analytics_' ~ model) }})
{{ 'union all' if not loop.last }}
{% endfor %}
