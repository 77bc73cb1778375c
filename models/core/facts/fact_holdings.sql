{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='current_trade_id') }}

-- depends_on: {{ ref('stg_brokerage__holding_history') }}, {{ ref('dim_trade') }}
with changes as (
    select * from {{ ref('resolved_holding_history') }}
    {% if is_incremental() %}
    where trade_id in (
        select trade_id from {{ ref('stg_brokerage__holding_history') }} where batch_id > {{ loaded_through() }}
        union
        select trade_id from {{ ref('dim_trade') }} where batch_id > {{ loaded_through() }}
    )
    {% endif %}
),

final as (
    select
        opening_trade_id as trade_id,
        trade_id as current_trade_id,
        sk_customer_id,
        sk_account_id,
        sk_security_id,
        sk_company_id,
        sk_close_date_id as sk_date_id,
        sk_close_time_id as sk_time_id,
        trade_price as current_price,
        quantity_after as current_holding,
        batch_id
    from changes
    where reject_reason_code is null
)

select * from final
