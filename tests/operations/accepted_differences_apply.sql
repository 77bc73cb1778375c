{{ config(
    meta={
        'dimension': 'validity',
        'model': 'accepted_differences',
        'reason': 'Otherwise an entry could outlive its difference, and accept another one some day.',
        'shows': ['control_found', 'difference_found'],
    }
) }}
{{ never_stops_the_load() }}

-- Entries of loaded batches with another difference than accepted: the control holds, is off by something else, or
-- there is no such control.
with entries as (
    select accepted.*
    from {{ ref('accepted_differences') }} as accepted
    inner join {{ ref('batches') }} as batches on accepted.batch_id = batches.batch_id
),

results as (
    select * from {{ ref('control_results') }}
),

matched as (
    select
        entries.control,
        entries.batch_id,
        entries.difference,
        entries.accepted_by,
        results.control as control_found,
        results.difference as difference_found,
        max(
            case when results.difference <> 0 and results.difference = results.accepted_difference then 1 else 0 end
        ) over (partition by entries.control, entries.batch_id) as is_applied
    from entries
    left join results
        on
            entries.batch_id = results.batch_id
            and (
                entries.control = results.control
                or {{ dbt.position("', ' || entries.control || ','", "', ' || results.attributes || ','") }} > 0
            )
)

select
    control,
    batch_id,
    difference,
    accepted_by,
    control_found,
    difference_found
from matched
where is_applied = 0
