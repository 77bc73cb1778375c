{{ config(materialized='incremental', incremental_strategy='append') }}

with landed as (
    select * from {{ ref('stg_reference__tax_rate') }}
    where {{ is_new_batch() }}
),

final as (
    select
        tax_id as tx_id,
        tax_name as tx_name,
        tax_rate as tx_rate,
        batch_id
    from landed
)

select * from final
