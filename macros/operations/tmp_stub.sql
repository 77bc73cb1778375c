{% macro reconciled_sources() -%}
    {{ return([
        'brokerage.account', 'brokerage.cash_transaction', 'brokerage.daily_market', 'brokerage.holding_history',
        'brokerage.trade', 'brokerage.trade_history', 'brokerage.watch_history', 'crm.customer_mgmt',
        'newswire.company', 'newswire.financial', 'newswire.security', 'brokerage.customer', 'hr.employee', 'marketing.prospect', 'reference.batch_date', 'reference.date',
        'reference.industry', 'reference.status_type', 'reference.tax_rate', 'reference.time', 'reference.trade_type'
    ]) }}
{%- endmacro %}
