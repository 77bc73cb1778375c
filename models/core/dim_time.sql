{{ config(materialized='incremental', incremental_strategy='append') }}

with times as (
    select * from {{ ref('stg_reference__time') }}
    {% if is_incremental() %}
    where batch_id > {{ loaded_through() }}
    {% endif %}
)

select * from times
