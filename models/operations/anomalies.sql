{{ config(materialized='table') }}

-- One row per batch and series that is not what the batches before it led to expect.
with forecasts as (
    select * from {{ ref('series_forecasts') }}
),

thresholds as (
    select * from {{ ref('anomaly_thresholds') }}
),

batch_series as (
    select * from {{ ref('batch_series') }}
),

-- A series' first row in a daily batch, while its column was there in earlier ones, is a value never seen before.
columns_by_batch as (
    select
        feed,
        column_name,
        batch_id,
        sum(weight) over (partition by feed, column_name order by batch_id) - weight as earlier_rows,
        count(*) over (partition by feed, column_name order by batch_id) - 1 as earlier_batches
    from batch_series
    where kind = 'null_share'
),

first_seen as (
    select
        series,
        min(batch_id) as first_batch_id
    from batch_series
    where kind = 'share'
    group by series
),

-- The longer or the shorter way, whichever the series has drifted more on.
drifts as (
    select
        *,
        case when drift_span = 'twenty' then twenty_ago else ten_ago end as before,
        case when drift_span = 'twenty' then twenty_batch_drift else ten_batch_drift end as drift
    from (
        select
            *,
            case
                when abs(twenty_batch_drift) > coalesce(abs(ten_batch_drift), 0) then 'twenty'
                else 'ten'
            end as drift_span
        from forecasts
    ) as spans
    where ten_batch_drift is not null
),

candidates as (
    select
        batch_id,
        source_name,
        feed,
        column_name,
        kind,
        kind as threshold_kind,
        category,
        series,
        observed,
        weight,
        unit,
        expected,
        center,
        sigma,
        rare_rate,
        score,
        history_count,
        method
    from forecasts
    union all
    select
        batch_id,
        source_name,
        feed,
        column_name,
        'drift' as kind,
        kind as threshold_kind,
        category,
        series,
        observed,
        weight,
        unit,
        before as expected,
        {{ stabilised('kind', 'before', 'weight', 'unit') }} as center,
        sigma,
        null as rare_rate,
        drift as score,
        history_count,
        drift_span as method
    from drifts
    union all
    select
        forecasts.batch_id,
        forecasts.source_name,
        forecasts.feed,
        forecasts.column_name,
        'new_category' as kind,
        'new_category' as threshold_kind,
        forecasts.category,
        forecasts.series,
        forecasts.observed,
        forecasts.weight,
        forecasts.unit,
        0 as expected,
        0 as center,
        1 as sigma,
        0.5 / (columns_by_batch.earlier_rows + 1) as rare_rate,
        {{ rarity_score(
            'round(forecasts.observed * forecasts.weight)',
            'forecasts.weight',
            '0.5 / (columns_by_batch.earlier_rows + 1)'
        ) }} as score,
        columns_by_batch.earlier_batches as history_count,
        'never' as method
    from forecasts
    inner join first_seen
        on
            forecasts.series = first_seen.series
            and forecasts.batch_id = first_seen.first_batch_id
    inner join columns_by_batch
        on
            forecasts.feed = columns_by_batch.feed
            and forecasts.column_name = columns_by_batch.column_name
            and forecasts.batch_id = columns_by_batch.batch_id
    where
        forecasts.kind = 'share'
        and forecasts.observed > 0
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
