with forecasts as (
    select * from {{ ref('series_forecasts') }}
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

-- Over ten or twenty batches, whichever shows the larger drift.
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
)

select * from candidates
