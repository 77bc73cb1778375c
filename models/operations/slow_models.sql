{{ config(materialized='view') }}

{#- How many earlier runs of like size are looked at, and how many there must be to judge by. -#}
{%- set looked_at, needed = 20, 5 -%}
{#- Below so many rows, a model's time is that of starting it. -#}
{%- set fewest_rows = 1000 -%}
{#- Seconds that no one notices. -#}
{%- set slack = 0.5 -%}

-- One row per model of the last run that took much longer than its own history suggests. Median and median deviation,
-- so that one bad earlier run neither hides a slow run nor makes one.
with runs as (
    select
        run_id,
        node_id,
        node_name,
        schema_name,
        code_version,
        started_at,
        seconds,
        coalesce(rows_affected, 0) as rows_affected,
        seconds / greatest(coalesce(rows_affected, 0), {{ fewest_rows }}) as seconds_per_row,
        lag(code_version) over (partition by node_id order by started_at) as code_version_before
    from {{ ref('run_results') }}
    where node_kind = 'model' and status = 'success'
),

last_run as (
    select max_by(run_id, started_at) as run_id
    from {{ ref('run_results') }}
),

judged as (
    select runs.*
    from runs
    inner join last_run on runs.run_id = last_run.run_id
),

-- Of like size: at most twice as many rows, at least half as many.
earlier as (
    select
        judged.node_id,
        runs.seconds_per_row,
        row_number() over (partition by judged.node_id order by runs.started_at desc) as runs_ago
    from judged
    inner join runs
        on
            judged.node_id = runs.node_id
            and judged.started_at > runs.started_at
            and greatest(judged.rows_affected, {{ fewest_rows }}) <= 2 * greatest(runs.rows_affected, {{ fewest_rows }})
            and 2 * greatest(judged.rows_affected, {{ fewest_rows }}) >= greatest(runs.rows_affected, {{ fewest_rows }})
),

centres as (
    select
        node_id,
        count(*) as runs_compared,
        median(seconds_per_row) as usual_seconds_per_row
    from earlier
    where runs_ago <= {{ looked_at }}
    group by node_id
    having count(*) >= {{ needed }}
),

deviations as (
    select
        centres.node_id,
        median(abs(earlier.seconds_per_row - centres.usual_seconds_per_row)) as median_deviation
    from centres
    inner join earlier on centres.node_id = earlier.node_id
    where earlier.runs_ago <= {{ looked_at }}
    group by centres.node_id
),

-- In a normal distribution, 1.4826 median deviations are one standard deviation; four are beyond chance.
-- Equal runs have almost no deviation, so half as much again as usual is always allowed.
limits as (
    select
        centres.*,
        centres.usual_seconds_per_row
        + greatest(4 * 1.4826 * deviations.median_deviation, 0.5 * centres.usual_seconds_per_row)
            as allowed_seconds_per_row
    from centres
    inner join deviations on centres.node_id = deviations.node_id
),

final as (
    select
        judged.node_id,
        judged.node_name,
        judged.schema_name,
        judged.run_id,
        judged.started_at,
        judged.rows_affected,
        judged.seconds,
        limits.usual_seconds_per_row * greatest(judged.rows_affected, {{ fewest_rows }}) as usual_seconds,
        limits.allowed_seconds_per_row * greatest(judged.rows_affected, {{ fewest_rows }}) as allowed_seconds,
        judged.seconds_per_row / limits.usual_seconds_per_row as times_usual,
        limits.runs_compared,
        coalesce(judged.code_version <> judged.code_version_before, false) as code_changed,
        judged.node_name
        || ' took ' || cast(cast(judged.seconds as decimal(12, 1)) as {{ dbt.type_string() }})
        || ' s for ' || cast(judged.rows_affected as {{ dbt.type_string() }})
        || ' rows; by ' || cast(limits.runs_compared as {{ dbt.type_string() }})
        || ' earlier runs of like size, '
        || cast(
            cast(
                limits.usual_seconds_per_row * greatest(judged.rows_affected, {{ fewest_rows }}) as decimal(12, 1)
            ) as {{ dbt.type_string() }}
        )
        || ' s are usual.'
        || case when judged.code_version <> judged.code_version_before then ' Its code has changed.' else '' end
            as explanation
    from judged
    inner join limits on judged.node_id = limits.node_id
    where
        judged.seconds_per_row > limits.allowed_seconds_per_row
        and judged.seconds
        > limits.usual_seconds_per_row * greatest(judged.rows_affected, {{ fewest_rows }}) + {{ slack }}
)

select * from final
