{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['customer_id', 'symbol']
) }}

-- One row per landed row: a watch is placed by a customer on a security, both in force on that day, and removed while
-- it is active. What an event means depends on all events of its pair before it, so the rows are kept, and those of a
-- pair with new events are rebuilt.
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
customers as (
    select
        customer_id,
        min(effective_date) as first_day,
        min(batch_id) as first_batch_id
    from {{ ref('dim_customer') }}
    group by customer_id
),

-- Sorting and joining by a number is faster than by text.
securities as (
    select
        symbol,
        row_number() over (order by symbol) as symbol_number,
        min(effective_date) as first_day
    from {{ ref('dim_security') }}
    group by symbol
),

checked as (
    select
        landed.customer_id,
        landed.symbol,
        securities.symbol_number,
        landed.changed_at,
        landed.action,
        landed.cdc_dsn,
        landed.batch_id,
        case
            when customers.customer_id is null then 'unknown_customer'
            when securities.symbol is null then 'unknown_security'
            when
                landed.action = 'ACTV'
                and (
                    cast(landed.changed_at as date) < customers.first_day
                    or cast(landed.changed_at as date) >= {{ end_of_time() }}
                    or cast(landed.changed_at as date) < securities.first_day
                ) then 'customer_or_security_not_in_force'
        end as reject_reason_code
    from landed
    left join customers
        on
            landed.customer_id = customers.customer_id
            and landed.batch_id >= customers.first_batch_id
    left join securities on landed.symbol = securities.symbol
    {% if is_incremental() %}
    semi join affected
        on
            landed.customer_id = affected.customer_id
            and landed.symbol = affected.symbol
    {% endif %}
),

-- Sort as few columns as possible.
events as (
    select
        customer_id,
        symbol_number,
        changed_at,
        action,
        cdc_dsn,
        batch_id
    from checked
    where reject_reason_code is null
),

sequenced as (
    {{ watches_in_sequence('events') | indent(4) }}
),

ordered as (
    select
        *,
        lag(action) over history as previous_action,
        lead(action) over history as next_action,
        lead(changed_at) over history as next_changed_at,
        lead(batch_id) over history as next_batch_id
    from sequenced
    window history as (
        partition by customer_id, symbol_number
        order by changed_at, batch_id, event_sequence
    )
),

resolved as (
    select
        ordered.customer_id,
        securities.symbol,
        ordered.changed_at,
        ordered.action,
        ordered.cdc_dsn,
        ordered.batch_id,
        case when ordered.action = 'ACTV' and ordered.next_action = 'CNCL' then ordered.next_changed_at end
            as removed_at,
        case when ordered.action = 'ACTV' and ordered.next_action = 'CNCL' then ordered.next_batch_id end
            as removed_batch_id,
        case when ordered.action = 'CNCL' and coalesce(ordered.previous_action, '') <> 'ACTV' then 'no_active_watch' end
            as reject_reason_code,
        case when ordered.action = 'CNCL' and coalesce(ordered.previous_action, '') <> 'ACTV' then 'w_action' end
            as reject_column
    from ordered
    inner join securities on ordered.symbol_number = securities.symbol_number
    union all
    select
        customer_id,
        symbol,
        changed_at,
        action,
        cdc_dsn,
        batch_id,
        null as removed_at,
        null as removed_batch_id,
        reject_reason_code,
        case reject_reason_code
            when 'unknown_customer' then 'w_c_id'
            when 'unknown_security' then 'w_s_symb'
            when 'customer_or_security_not_in_force' then 'w_dts'
        end as reject_column
    from checked
    where reject_reason_code is not null
)

select * from resolved
