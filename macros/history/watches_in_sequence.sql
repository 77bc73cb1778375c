{#- Events of watches with their place in the history of their pair, `event_sequence`, as the body of a CTE. `events` is the
    name of a CTE.

    In batch 1 nothing but its time says where an event stands. Pairs that were placed and removed within a second are few,
    so only theirs are put in order. -#}
{% macro watches_in_sequence(events) -%}
    with ambiguous_pairs as (
        select distinct
            placements.customer_id,
            placements.symbol_number
        from {{ events }} as placements
        inner join {{ events }} as removals
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
        from {{ events }} as events
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
    )

    -- The first event is the one that the pair's state allows: an open watch is removed, a closed one placed.
    select
        events.*,
        events.cdc_dsn as event_sequence
    from {{ events }} as events
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
{%- endmacro %}
