{{ config(materialized='incremental', incremental_strategy='append') }}

with landed as (
    select * from {{ ref('stg_reference__trade_type') }}
    where {{ is_new_batch() }}
),

final as (
    select
        trade_type_id as tt_id,
        trade_type_name as tt_name,
        is_sell as tt_is_sell,
        is_market_order as tt_is_mrkt,
        batch_id
    from landed
)

select * from final
