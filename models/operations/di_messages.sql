{{ config(materialized='incremental', incremental_strategy='append') }}

with batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
    {% if is_incremental() %}
    where batch_id > {{ loaded_through() }}
    {% endif %}
),

-- New customers of batch 1, and every customer row of later batches.
customers as (
    select
        customer_id,
        tier,
        dob,
        batch_id
    from {{ ref('int_customer_events') }}
    where
        is_full_image
        {% if is_incremental() %}
        and batch_id > {{ loaded_through() }}
        {% endif %}
),

trades as (
    select * from {{ ref('stg_brokerage__trade') }}
    where
        (commission > trade_price * quantity or fee > trade_price * quantity)
        {% if is_incremental() %}
        and batch_id > {{ loaded_through() }}
        {% endif %}
),

companies as (
    select * from {{ ref('stg_newswire__company') }}
    {% if is_incremental() %}
    where batch_id > {{ loaded_through() }}
    {% endif %}
),

ratings as (
    select * from {{ ref('sp_ratings') }}
),

market_days_without_earnings as (
    select distinct
        sk_security_id,
        batch_id
    from {{ ref('fact_market_history') }}
    where
        pe_ratio is null
        {% if is_incremental() %}
        and batch_id > {{ loaded_through() }}
        {% endif %}
),

prospect_lists as (
    select
        batch_id,
        count(*) as row_count
    from {{ ref('stg_marketing__prospect') }}
    {% if is_incremental() %}
    where batch_id > {{ loaded_through() }}
    {% endif %}
    group by batch_id
),

prospect_changes as (
    select
        batch_id,
        sum(case when is_first then 1 else 0 end) as inserted_count,
        sum(case when is_first then 0 else 1 end) as updated_count
    from {{ ref('int_prospect_versions') }}
    {% if is_incremental() %}
    where batch_id > {{ loaded_through() }}
    {% endif %}
    group by batch_id
),

rejects as (
    select
        source_name,
        batch_id,
        count(*) as row_count
    from {{ ref('rejected_rows') }}
    {% if is_incremental() %}
    where batch_id > {{ loaded_through() }}
    {% endif %}
    group by source_name, batch_id
),

messages as (
    select
        batch_id,
        'DimCustomer' as message_source,
        'Invalid customer tier' as message_text,
        'Alert' as message_type,
        'C_ID = ' || customer_id || ', C_TIER = ' || coalesce(tier, '') as message_data
    from customers
    where coalesce(tier, '') not in ('1', '2', '3')
    union all
    select
        customers.batch_id,
        'DimCustomer' as message_source,
        'DOB out of range' as message_text,
        'Alert' as message_type,
        'C_ID = ' || customers.customer_id || ', C_DOB = ' || customers.dob as message_data
    from customers
    inner join batch_dates on customers.batch_id = batch_dates.batch_id
    where
        cast(nullif(customers.dob, '') as date) <= {{ dbt.dateadd('year', -100, 'batch_dates.batch_date') }}
        or cast(nullif(customers.dob, '') as date) > batch_dates.batch_date
    union all
    select
        batch_id,
        'DimTrade' as message_source,
        'Invalid trade commission' as message_text,
        'Alert' as message_type,
        'T_ID = ' || trade_id || ', T_COMM = ' || commission as message_data
    from trades
    where commission > trade_price * quantity
    union all
    select
        batch_id,
        'DimTrade' as message_source,
        'Invalid trade fee' as message_text,
        'Alert' as message_type,
        'T_ID = ' || trade_id || ', T_CHRG = ' || fee as message_data
    from trades
    where fee > trade_price * quantity
    union all
    select
        companies.batch_id,
        'DimCompany' as message_source,
        'Invalid SPRating' as message_text,
        'Alert' as message_type,
        'CO_ID = ' || companies.company_id || ', CO_SP_RATE = ' || companies.sp_rating as message_data
    from companies
    left join ratings on companies.sp_rating = ratings.sp_rating
    where
        companies.sp_rating is not null
        and ratings.sp_rating is null
    union all
    select distinct
        market_days.batch_id,
        'FactMarketHistory' as message_source,
        'No earnings for company' as message_text,
        'Alert' as message_type,
        'DM_S_SYMB = ' || securities.symbol as message_data
    from market_days_without_earnings as market_days
    inner join {{ ref('dim_security') }} as securities on market_days.sk_security_id = securities.sk_security_id
    union all
    select
        batch_id,
        'Prospect' as message_source,
        'Source rows' as message_text,
        'Status' as message_type,
        cast(row_count as varchar) as message_data
    from prospect_lists
    union all
    select
        prospect_lists.batch_id,
        'Prospect' as message_source,
        'Inserted rows' as message_text,
        'Status' as message_type,
        cast(coalesce(prospect_changes.inserted_count, 0) as varchar) as message_data
    from prospect_lists
    left join prospect_changes on prospect_lists.batch_id = prospect_changes.batch_id
    union all
    select
        prospect_lists.batch_id,
        'Prospect' as message_source,
        'Updated rows' as message_text,
        'Status' as message_type,
        cast(coalesce(prospect_changes.updated_count, 0) as varchar) as message_data
    from prospect_lists
    left join prospect_changes on prospect_lists.batch_id = prospect_changes.batch_id
    union all
    select
        batch_id,
        source_name as message_source,
        'Rejected rows' as message_text,
        'Reject' as message_type,
        cast(row_count as varchar) as message_data
    from rejects
    {% for row in [
        ('dim_account', 'DimAccount', 'batch_id'), ('dim_broker', 'DimBroker', 'batch_id'),
        ('dim_company', 'DimCompany', 'batch_id'), ('dim_customer', 'DimCustomer', 'batch_id'),
        ('dim_security', 'DimSecurity', 'batch_id'), ('dim_trade', 'DimTrade', 'first_batch_id'),
        ('fact_cash_balances', 'FactCashBalances', 'batch_id'), ('fact_holdings', 'FactHoldings', 'batch_id'),
        ('fact_market_history', 'FactMarketHistory', 'batch_id'), ('fact_watches', 'FactWatches', 'first_batch_id'),
        ('financial', 'Financial', 'batch_id')
    ] -%}
    union all
    select
        batch_dates.batch_id,
        '{{ row[1] }}' as message_source,
        'Row count' as message_text,
        'Validation' as message_type,
        cast(sum(counts.row_count) as varchar) as message_data
    from batch_dates
    inner join (
        select
            {{ row[2] }} as batch_id,
            count(*) as row_count
        from {{ ref(row[0]) }}
        group by {{ row[2] }}
    ) as counts on batch_dates.batch_id >= counts.batch_id
    group by batch_dates.batch_id
    {% endfor %}
),

final as (
    select
        cast(current_timestamp as timestamp) as message_date_and_time,
        batch_id,
        message_source,
        message_text,
        message_type,
        message_data
    from messages
)

select * from final
