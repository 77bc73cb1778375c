-- Written by scripts/access_log.py alone. The model gives the table its place, types and description, and never a row;
-- a full refresh leaves it as it is.
{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

select
    cast(null as bigint) as entry,
    cast(null as timestamp) as happened_at,
    cast(null as string) as action,
    cast(null as string) as actor,
    cast(null as string) as detail,
    cast(null as integer) as key_version,
    cast(null as string) as previous_hash,
    cast(null as string) as entry_hash,
    cast(null as string) as seal
where 1 = 0
