{{ config(
    severity=var('freshness_severity'),
    meta={
        'dimension': 'timeliness',
        'model': 'batches',
        'reason': 'Otherwise a day could be missing from every figure, or the newest figures be older than they look.',
        'shows': ['missing_day', 'days_late'],
    }
) }}
{{ never_stops_the_load() }}

-- Batches are consecutive days: a day between two batches is missing, and so is each one after the newest batch up to
-- the day given by the variable expected_through, unless expected_absences lists it.
with batches as (
    select * from {{ ref('batches') }}
),

absences as (
    select * from {{ ref('expected_absences') }}
),

span as (
    select
        min(batch_date) as first_day,
        max(batch_date) as newest_day,
        greatest(max(batch_date), coalesce({{ expected_through() }}, max(batch_date))) as last_day
    from batches
),

calendar as (
    {{ days_from_to('(select first_day from span)', '(select last_day from span)') }}
)

select
    calendar.day as missing_day,
    {{ day_number('span.last_day') }} - {{ day_number('calendar.day') }} as days_late
from calendar
cross join span
left join batches on calendar.day = batches.batch_date
left join absences on calendar.day = absences.day and absences.feed = '*'
where
    batches.batch_id is null
    and absences.day is null
