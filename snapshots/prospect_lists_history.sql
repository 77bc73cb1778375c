{% snapshot prospect_lists_history %}
{{ config(
    schema='snapshots',
    unique_key=['agency_id', 'batch_id'],
    strategy='timestamp',
    updated_at='listed_on'
) }}

-- A version of a prospect never changes, so each is a key of its own: however many lists are loaded at once, all their
-- versions arrive, dated by their list and not by the clock.
with versions as (
    select * exclude (match_key, is_first)
    from {{ ref('int_prospect_versions') }}
),

batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
)

select
    versions.*,
    cast(batch_dates.batch_date as timestamp) as listed_on
from versions
inner join batch_dates on versions.batch_id = batch_dates.batch_id

{% endsnapshot %}
