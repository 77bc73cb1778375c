{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['sk_customer_id', 'sk_security_id', 'sk_date_id_date_placed']
) }}

with landed as (
    select * from {{ ref('stg_brokerage__watch_history') }}
),

{% if is_incremental() -%}
affected as (
    select distinct
        customer_id,
        symbol
    from landed
    where batch_id > {{ loaded_through() }}
),

{% endif -%}
-- Sorting and joining by a number is faster than by text.
numbered_symbols as (
    select
        symbol,
        row_number() over (order by symbol) as symbol_number
    from {{ ref('dim_security') }}
    where is_current
),

customers as (
    select * from {{ ref('dim_customer') }}
),

events as (
    select
        landed.customer_id,
        numbered_symbols.symbol_number,
        landed.changed_at,
        landed.action,
        landed.cdc_dsn,
        landed.batch_id
    from landed
    inner join numbered_symbols on landed.symbol = numbered_symbols.symbol
    {% if is_incremental() %}
    semi join affected
        on
            landed.customer_id = affected.customer_id
            and landed.symbol = affected.symbol
    {% endif %}
),

ordered as (
    select
        *,
        lead(action) over history as next_action,
        lead(changed_at) over history as next_changed_at,
        lead(batch_id) over history as next_batch_id
    from events
    window history as (
        partition by customer_id, symbol_number
        order by changed_at, batch_id, cdc_dsn, action
    )
),

watches as (
    select
        customer_id,
        symbol_number,
        changed_at as placed_at,
        case when next_action = 'CNCL' then next_changed_at end as removed_at,
        batch_id as first_batch_id,
        case when next_action = 'CNCL' then next_batch_id else batch_id end as batch_id
    from ordered
    where action = 'ACTV'
),

securities as (
    select
        versions.sk_security_id,
        versions.effective_date,
        versions.end_date,
        numbered_symbols.symbol_number
    from {{ ref('dim_security') }} as versions
    inner join numbered_symbols on versions.symbol = numbered_symbols.symbol
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
    inner join customers
        on
            watches.customer_id = customers.customer_id
            and cast(watches.placed_at as date) >= customers.effective_date
            and cast(watches.placed_at as date) < customers.end_date
    inner join securities
        on
            watches.symbol_number = securities.symbol_number
            and cast(watches.placed_at as date) >= securities.effective_date
            and cast(watches.placed_at as date) < securities.end_date
)

select * from final
