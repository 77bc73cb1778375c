{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['sk_customer_id', 'sk_security_id', 'sk_date_id_date_placed']
) }}

with watches as (
    select
        customer_id,
        symbol,
        changed_at as placed_at,
        removed_at,
        batch_id as first_batch_id,
        coalesce(removed_batch_id, batch_id) as batch_id
    from {{ ref('resolved_watch_history') }}
    where
        action = 'ACTV'
        and reject_reason_code is null
),

{% if is_incremental() -%}
-- Pairs with an event of a new batch.
affected as (
    select distinct
        customer_id,
        symbol
    from {{ ref('resolved_watch_history') }}
    where batch_id > {{ loaded_through() }}
),

{% endif -%}
customers as (
    select * from {{ ref('dim_customer') }}
),

securities as (
    select * from {{ ref('dim_security') }}
),

final as (
    select
        customers.sk_customer_id,
        securities.sk_security_id,
        {{ date_id('watches.placed_at') }} as sk_date_id_date_placed,
        {{ date_id('watches.removed_at') }} as sk_date_id_date_removed,
        watches.placed_at,
        watches.removed_at,
        watches.first_batch_id,
        watches.batch_id
    from watches
    {% if is_incremental() %}
    semi join affected
        on
            watches.customer_id = affected.customer_id
            and watches.symbol = affected.symbol
    {% endif %}
    inner join customers
        on
            watches.customer_id = customers.customer_id
            and cast(watches.placed_at as date) >= customers.effective_date
            and cast(watches.placed_at as date) < customers.end_date
    inner join securities
        on
            watches.symbol = securities.symbol
            and cast(watches.placed_at as date) >= securities.effective_date
            and cast(watches.placed_at as date) < securities.end_date
)

select * from final
