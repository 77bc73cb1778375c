{{ config(materialized='table') }}

-- One row per batch and series that deviates from its forecast.
with candidates as (
    select * from {{ ref('anomaly_candidates') }}
),

thresholds as (
    select * from {{ ref('anomaly_thresholds') }}
),

-- The threshold with the longest pattern that matches, for each series rather than for each of its batches.
watched as (
    select
        series_kinds.series,
        series_kinds.threshold_kind,
        {{ longest_match('thresholds.threshold') }} as threshold,
        {{ longest_match('thresholds.drift_threshold') }} as drift_threshold,
        {{ longest_match('thresholds.min_history') }} as min_history,
        {{ longest_match('thresholds.min_change') }} as min_change
    from (select distinct
        series,
        threshold_kind
    from candidates) as series_kinds
    inner join thresholds
        on
            series_kinds.threshold_kind = thresholds.kind
            and series_kinds.series like thresholds.series_pattern
    group by series_kinds.series, series_kinds.threshold_kind
),

bounded as (
    select
        candidates.*,
        watched.min_change,
        case when candidates.kind = 'drift' then watched.drift_threshold else watched.threshold end as threshold,
        case
            when
                candidates.threshold_kind like '%share'
                or candidates.threshold_kind in ('new_category', 'age', 'arrival', 'rejected')
                then watched.min_change
            else watched.min_change * abs(candidates.expected)
        end as least_change
    from candidates
    inner join watched
        on
            candidates.series = watched.series
            and candidates.threshold_kind = watched.threshold_kind
    where candidates.history_count >= watched.min_history
),

found as (
    select
        *,
        case
            when kind = 'new_category' then 0
            when rare_rate is not null then 0
            else least(
                expected - least_change,
                {{ unstabilised('threshold_kind', 'center - threshold * sigma', 'weight', 'unit') }}
            )
        end as lower,
        case
            when kind = 'new_category' then 0
            when rare_rate is not null
                then greatest(
                    expected + least_change,
                    least(power(sqrt(weight * rare_rate) + threshold / 2, 2) / weight, 1)
                )
            else greatest(
                expected + least_change,
                {{ unstabilised('threshold_kind', 'center + threshold * sigma', 'weight', 'unit') }}
            )
        end as upper
    from bounded
    where
        abs(score) > threshold
        and abs(observed - expected) >= least_change
),

final as (
    select
        batch_id,
        source_name,
        feed,
        column_name,
        kind,
        series,
        category,
        observed,
        expected,
        greatest(lower, case when threshold_kind in ('mean', 'median', 'age') then lower else 0 end) as lower,
        upper,
        round(score, 2) as score,
        {{ anomaly_explanation() }} as explanation
    from found
)

select * from final
