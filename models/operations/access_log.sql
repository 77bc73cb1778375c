-- Written by scripts/access_log.py alone. The model gives the table its place, types and description, and never a row;
-- a full refresh leaves it as it is.
{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

select
    cast(null as bigint) as entry,
    cast(null as timestamp) as happened_at,
    cast(null as varchar) as action,
    cast(null as varchar) as actor,
    cast(null as varchar) as detail,
    cast(null as integer) as key_version,
    cast(null as varchar) as previous_hash,
    cast(null as varchar) as entry_hash,
    cast(null as varchar) as seal
where 1 = 0
