{{ config(materialized='incremental', incremental_strategy='append') }}
{%- set window = forecast_window() %}

-- One row per series and daily batch: the value expected from earlier batches. Batch 1, the history, is no day.
with points as (
    select
        *,
        coalesce(case when kind <> 'concentration' then category end, '') as series_category,
        dayofweek(batch_date) as weekday,
        {{ stabilised('kind', 'value', 'weight', 'unit') }} as y,
        round(value * weight) as share_count
    from {{ ref('batch_series') }}
    where
        batch_id > {{ 'greatest(1, ' ~ loaded_through() ~ ' - ' ~ batches_to_read() ~ ')' if is_incremental() else 1 }}
),

-- Three forecasts: what is usual, what is usual on that weekday, and what the last three batches were.
forecasts as (
    select
        *,
        median(y) over usual as usual_y,
        median(y) over same_weekday as weekday_y,
        median(y) over recent as recent_y,
        count(*) over usual as history_count,
        count(*) over same_weekday as weekday_count,
        median(value) over usual as usual_value,
        sum(share_count) over usual - max(share_count) over usual as rare_count,
        sum(weight) over usual as rare_weight,
        median(y) over (
            partition by series, series_category order by batch_id rows between 2 preceding and current row
        ) as present_y,
        median(y) over (
            partition by series, series_category order by batch_id rows between 11 preceding and 9 preceding
        ) as ten_ago_y,
        median(y) over (
            partition by series, series_category order by batch_id rows between 20 preceding and 18 preceding
        ) as twenty_ago_y
    from points
    window
        usual as (
            partition by series, series_category
            order by batch_id rows between {{ window }} preceding and 1 preceding
        ),
        same_weekday as (
            partition by series, series_category, weekday
            order by batch_id rows between 8 preceding and 1 preceding
        ),
        recent as (
            partition by series, series_category
            order by batch_id rows between 3 preceding and 1 preceding
        )
),

-- Each is judged by its errors so far; a median of errors is not moved by the anomalies among them.
judged as (
    select
        *,
        1.4826 * median(case when history_count >= 4 then abs(y - usual_y) end) over past as usual_error,
        1.4826 * median(case when history_count >= 4 then abs(y - recent_y) end) over past as recent_error,
        1.4826 * median(case when weekday_count >= 3 then abs(y - weekday_y) end) over past as weekday_error,
        count(case when history_count >= 4 then 1 end) over past as error_count,
        count(case when weekday_count >= 3 then 1 end) over past as weekday_error_count
    from forecasts
    window past as (
        partition by series, series_category
        order by batch_id rows between {{ window }} preceding and 1 preceding
    )
),

chosen as (
    select
        *,
        case
            when weekday_error_count >= 7 and weekday_error < 0.6 * least(usual_error, recent_error) then 'weekday'
            when error_count >= 5 and recent_error < 0.8 * usual_error then 'recent'
            else 'usual'
        end as method
    from judged
),

scaled as (
    select
        *,
        case method when 'weekday' then weekday_y when 'recent' then recent_y else usual_y end as center,
        greatest(
            (1 + 4.0 / greatest(error_count, 1))
            * case method when 'weekday' then weekday_error when 'recent' then recent_error else usual_error end,
            {{ least_sigma('kind', 'weight') }}
        ) as sigma,
        greatest(
            (1 + 4.0 / greatest(error_count, 1))
            * case when recent_error < 0.8 * usual_error then 2.8 * recent_error else usual_error end,
            {{ least_sigma('kind', 'weight') }}
        ) as drift_sigma,
        kind like '%share' and usual_value < 0.02 as is_rare,
        greatest(usual_value, (rare_count + 0.5) / (rare_weight + 1)) as rare_rate
    from chosen
),

-- A drift is measured against the spread there was before it began.
drifting as (
    select
        *,
        case
            when lag(error_count, 9) over series_order >= 5
                then (present_y - ten_ago_y) / lag(drift_sigma, 9) over series_order
        end as ten_batch_drift,
        case
            when lag(error_count, 18) over series_order >= 5
                then (present_y - twenty_ago_y) / lag(drift_sigma, 18) over series_order
        end as twenty_batch_drift
    from scaled
    window series_order as (
        partition by series, series_category
        order by batch_id
    )
),

final as (
    select
        batch_id,
        batch_date,
        source_name,
        feed,
        column_name,
        kind,
        category,
        series,
        value as observed,
        weight,
        unit,
        error_count as history_count,
        method,
        {{ unstabilised('kind', 'center', 'weight', 'unit') }} as expected,
        center,
        sigma,
        case when is_rare then rare_rate end as rare_rate,
        case
            when is_rare then {{ rarity_score('share_count', 'weight', 'rare_rate') }}
            else (y - center) / sigma
        end as score,
        ten_batch_drift,
        {{ unstabilised('kind', 'ten_ago_y', 'weight', 'unit') }} as ten_ago,
        twenty_batch_drift,
        {{ unstabilised('kind', 'twenty_ago_y', 'weight', 'unit') }} as twenty_ago
    from drifting
    where {{ is_new_batch() }}
)

select * from final
