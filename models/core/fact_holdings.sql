{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='current_trade_id') }}

with changes as (
    select * from {{ ref('stg_brokerage__holding_history') }}
    {% if is_incremental() %}
    where trade_id in (
        select trade_id from {{ ref('stg_brokerage__holding_history') }} where batch_id > {{ loaded_through() }}
        union
        select trade_id from {{ ref('dim_trade') }} where batch_id > {{ loaded_through() }}
    )
    {% endif %}
),

trades as (
    select * from {{ ref('dim_trade') }}
),

-- Read on its own: one CTE used twice would be kept in memory whole.
opening_trades as (
    select trade_id from {{ ref('dim_trade') }}
),

final as (
    select
        changes.opening_trade_id as trade_id,
        changes.trade_id as current_trade_id,
        trades.sk_customer_id,
        trades.sk_account_id,
        trades.sk_security_id,
        trades.sk_company_id,
        trades.sk_close_date_id as sk_date_id,
        trades.sk_close_time_id as sk_time_id,
        trades.trade_price as current_price,
        changes.quantity_after as current_holding,
        changes.batch_id
    from changes
    inner join trades on changes.trade_id = trades.trade_id
    semi join opening_trades on changes.opening_trade_id = opening_trades.trade_id
)

select * from final
