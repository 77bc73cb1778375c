{{ config(materialized='ephemeral') }}

-- One row per alert: a value that was loaded as it came but needs a look.
with batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
),

-- New customers of batch 1, and every customer row of later batches.
customers as (
    select
        customer_id,
        tier,
        dob,
        batch_id
    from {{ ref('int_customer_events') }}
    where is_full_image
),

-- Accounts whose own row keeps or makes them active although their owner is inactive.
active_accounts as (
    select
        accounts.account_id,
        owners.customer_id,
        accounts.batch_id
    from {{ ref('dim_account') }} as accounts
    inner join {{ ref('dim_customer') }} as owners on accounts.sk_customer_id = owners.sk_customer_id
    where
        accounts.status = 'Active'
        and owners.status = 'Inactive'
),

trades as (
    select * from {{ ref('stg_brokerage__trade') }}
),

companies as (
    select * from {{ ref('stg_newswire__company') }}
),

ratings as (
    select * from {{ ref('sp_ratings') }}
),

securities as (
    select * from {{ ref('dim_security') }}
),

market_days as (
    select
        sk_security_id,
        batch_id
    from {{ ref('fact_market_history') }}
    where pe_ratio is null
    group by sk_security_id, batch_id
),

alerts as (
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
        cast(nullif(customers.dob, '') as date) <= batch_dates.batch_date - interval '100' year
        or cast(nullif(customers.dob, '') as date) > batch_dates.batch_date
    union all
    select
        batch_id,
        'DimAccount' as message_source,
        'Active account of inactive customer' as message_text,
        'Alert' as message_type,
        'CA_ID = ' || account_id || ', C_ID = ' || customer_id as message_data
    from active_accounts
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
    from market_days
    inner join securities on market_days.sk_security_id = securities.sk_security_id
)

select * from alerts
