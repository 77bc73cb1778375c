{%- set counted = [
    ('DimAccount', ref('dim_account'), 'batch_id'),
    ('DimBroker', ref('dim_broker'), 'batch_id'),
    ('DimCompany', ref('dim_company'), 'batch_id'),
    ('DimCustomer', ref('dim_customer'), 'batch_id'),
    ('DimDate', ref('dim_date'), 'batch_id'),
    ('DimSecurity', ref('dim_security'), 'batch_id'),
    ('DimTime', ref('dim_time'), 'batch_id'),
    ('DimTrade', ref('dim_trade'), 'first_batch_id'),
    ('FactCashBalances', ref('fact_cash_balances'), 'first_batch_id'),
    ('FactHoldings', ref('fact_holdings'), 'batch_id'),
    ('FactMarketHistory', ref('fact_market_history'), 'batch_id'),
    ('FactWatches', ref('fact_watches'), 'first_batch_id'),
    ('Financial', ref('financial'), 'batch_id'),
    ('Industry', ref('industry'), 'batch_id'),
    ('StatusType', ref('status_type'), 'batch_id'),
    ('TaxRate', ref('tax_rate'), 'batch_id'),
    ('TradeType', ref('trade_type'), 'batch_id')
] -%}
{{ config(materialized='ephemeral') }}

-- One row a table, kind of count and batch: what there is after that batch. Batch 0 is the empty warehouse.
with batches as (
    select 0 as batch_id
    union all
    select batch_id
    from {{ ref('stg_reference__batch_date') }}
),

-- A status that is no longer Inactive takes away what its predecessor added.
customer_changes as (
    select
        batch_id,
        case when status = 'Inactive' then 1 else 0 end
        - lag(case when status = 'Inactive' then 1 else 0 end, 1, 0) over (
            partition by customer_id
            order by effective_date
        ) as inactive_count
    from {{ ref('dim_customer') }}
),

added as (
    {% for table_name, relation, batch_column in counted -%}
    select
        '{{ table_name }}' as table_name,
        'Row count' as message_text,
        {{ batch_column }} as batch_id,
        count(*) as row_count
    from {{ relation }}
    group by {{ batch_column }}
    union all
    {% endfor -%}
    select
        'Prospect' as table_name,
        'Row count' as message_text,
        batch_id,
        sum(case when is_first then 1 else 0 end) as row_count
    from {{ ref('int_prospect_versions') }}
    group by batch_id
    union all
    select
        'DimCustomer' as table_name,
        'Inactive customers' as message_text,
        batch_id,
        sum(inactive_count) as row_count
    from customer_changes
    group by batch_id
    union all
    select
        'FactWatches' as table_name,
        'Inactive watches' as message_text,
        batch_id,
        sum(case when sk_date_id_date_removed is null then 0 else 1 end) as row_count
    from {{ ref('fact_watches') }}
    group by batch_id
),

-- Every table, those without a row too.
counts as (
    {% for table_name in counted | map(attribute=0) -%}
    select
        '{{ table_name }}' as table_name,
        'Row count' as message_text
    union all
    {% endfor -%}
    select
        'Prospect' as table_name,
        'Row count' as message_text
    union all
    select
        'DimCustomer' as table_name,
        'Inactive customers' as message_text
    union all
    select
        'FactWatches' as table_name,
        'Inactive watches' as message_text
),

accumulated as (
    select
        counts.table_name,
        counts.message_text,
        batches.batch_id,
        coalesce(sum(added.row_count), 0) as row_count
    from counts
    cross join batches
    left join added
        on
            counts.table_name = added.table_name
            and counts.message_text = added.message_text
            and batches.batch_id >= added.batch_id
    group by counts.table_name, counts.message_text, batches.batch_id
)

select * from accumulated
