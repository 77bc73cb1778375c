{{ config(
    severity='error',
    meta={
        'dimension': 'integrity',
        'model': 'access_log',
        'reason': 'Otherwise records of who saw what could be rewritten unnoticed.',
    }
) }}
{{ never_stops_the_load() }}

-- Entries that were changed, or do not follow the one before.
with entries as (
    select
        *,
        {{ access_log_hash() }} as expected_hash,
        coalesce(lag(entry_hash) over (order by entry), repeat('0', 64)) as expected_previous_hash,
        row_number() over (order by entry) as expected_entry
    from {{ ref('access_log') }}
)

select entry
from entries
where
    entry <> expected_entry
    or previous_hash <> expected_previous_hash
    or entry_hash <> expected_hash
    or entry_hash is null
    or seal is null
