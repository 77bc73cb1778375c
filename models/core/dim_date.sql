{{ config(materialized='incremental', incremental_strategy='append') }}

with dates as (
    select * from {{ ref('stg_reference__date') }}
    {% if is_incremental() %}
    where batch_id > {{ loaded_through() }}
    {% endif %}
)

select * from dates
