{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='append_new_columns'
) }}

-- Written by the hooks at the start and the end of a run; the model gives the table its shape.
select
    cast(null as varchar) as run_id,
    cast(null as varchar) as node_id,
    cast(null as varchar) as node_name,
    cast(null as varchar) as node_kind,
    cast(null as varchar) as schema_name,
    cast(null as varchar) as status,
    cast(null as timestamp) as started_at,
    cast(null as double) as seconds,
    cast(null as bigint) as rows_affected,
    cast(null as bigint) as failures,
    cast(null as varchar) as message,
    cast(null as varchar) as model_name,
    cast(null as varchar) as dimension,
    cast(null as varchar) as severity,
    cast(null as integer) as batch_id,
    cast(null as varchar) as code_version
where false
