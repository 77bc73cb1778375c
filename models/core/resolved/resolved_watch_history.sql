{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['customer_id', 'symbol']
) }}

-- One row per landed row: a watch is placed by a customer on a security, both in force on that day, and removed while
-- it is active. What an event means depends on all events of its pair before it, so the rows are kept, and those of a
-- pair with new events are made anew.
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

-- What is put in order is kept narrow.
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

-- In batch 1 nothing but its time says where an event stands. Pairs that were placed and removed within a second are
-- few, so only theirs are put in order.
ambiguous_pairs as (
    select distinct
        placements.customer_id,
        placements.symbol_number
    from events as placements
    inner join events as removals
        on
            placements.customer_id = removals.customer_id
            and placements.symbol_number = removals.symbol_number
            and placements.changed_at = removals.changed_at
    where
        placements.action = 'ACTV'
        and removals.action = 'CNCL'
        and placements.batch_id = 1
        and removals.batch_id = 1
),

ambiguous_events as (
    select
        events.*,
        row_number() over (
            partition by events.customer_id, events.symbol_number, events.changed_at, events.action
            order by events.batch_id
        ) as action_number
    from events
    semi join ambiguous_pairs
        on
            events.customer_id = ambiguous_pairs.customer_id
            and events.symbol_number = ambiguous_pairs.symbol_number
    where events.batch_id = 1
),

-- Placements and removals alternate as long as a second has both, so the kind it has more of decides how the pair
-- leaves it; equal numbers leave it as it was.
seconds as (
    select
        customer_id,
        symbol_number,
        changed_at,
        nullif(sign(sum(case action when 'ACTV' then 1 else -1 end)), 0) as outcome
    from ambiguous_events
    group by customer_id, symbol_number, changed_at
),

second_states as (
    select
        customer_id,
        symbol_number,
        changed_at,
        coalesce({{ last_known('outcome', 'earlier') }}, -1) > 0 as is_watched
    from seconds
    window earlier as (
        partition by customer_id, symbol_number
        order by changed_at
        rows between unbounded preceding and 1 preceding
    )
),

-- The first event is the one that the pair's state allows: an open watch is removed, a closed one placed.
sequenced as (
    select
        events.*,
        events.cdc_dsn as event_sequence
    from events
    anti join ambiguous_pairs
        on
            events.customer_id = ambiguous_pairs.customer_id
            and events.symbol_number = ambiguous_pairs.symbol_number
            and events.batch_id = 1
    union all
    select
        ambiguous_events.customer_id,
        ambiguous_events.symbol_number,
        ambiguous_events.changed_at,
        ambiguous_events.action,
        ambiguous_events.cdc_dsn,
        ambiguous_events.batch_id,
        2 * ambiguous_events.action_number
        + case when second_states.is_watched = (ambiguous_events.action = 'CNCL') then 0 else 1 end as event_sequence
    from ambiguous_events
    inner join second_states
        on
            ambiguous_events.customer_id = second_states.customer_id
            and ambiguous_events.symbol_number = second_states.symbol_number
            and ambiguous_events.changed_at = second_states.changed_at
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
