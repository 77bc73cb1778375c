{%- set counted = [
    ('dim_account', 'DimAccount', 'batch_id'), ('dim_broker', 'DimBroker', 'batch_id'),
    ('dim_company', 'DimCompany', 'batch_id'), ('dim_customer', 'DimCustomer', 'batch_id'),
    ('dim_security', 'DimSecurity', 'batch_id'), ('dim_trade', 'DimTrade', 'first_batch_id'),
    ('fact_cash_balances', 'FactCashBalances', 'first_batch_id'), ('fact_holdings', 'FactHoldings', 'batch_id'),
    ('fact_market_history', 'FactMarketHistory', 'batch_id'), ('fact_watches', 'FactWatches', 'first_batch_id'),
    ('financial', 'Financial', 'batch_id')
] -%}
{{ config(materialized='ephemeral') }}

-- One row a table and batch: the rows it holds after that batch.
with batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
),

added as (
    {% for model, table_name, batch_column in counted -%}
    select
        '{{ table_name }}' as table_name,
        {{ batch_column }} as batch_id,
        count(*) as row_count
    from {{ ref(model) }}
    group by {{ batch_column }}
    {% if not loop.last -%}
    union all
    {% endif %}
    {%- endfor %}
),

accumulated as (
    select
        added.table_name,
        batch_dates.batch_id,
        sum(added.row_count) as row_count
    from added
    inner join batch_dates on added.batch_id <= batch_dates.batch_id
    group by added.table_name, batch_dates.batch_id
)

select * from accumulated
