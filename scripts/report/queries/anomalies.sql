-- The newest anomalies, the strongest of a batch first, with the batches around each, and how many there are in all.
with shown as (
    select
        anomalies.*,
        batches.batch_date,
        count(*) over () as anomaly_count,
        count(distinct anomalies.batch_id) over () as batch_count
    from operations.anomalies as anomalies
    inner join operations.batches as batches on anomalies.batch_id = batches.batch_id
    order by anomalies.batch_id desc, abs(anomalies.score) desc, anomalies.series asc, anomalies.kind asc
    limit 24
)

select
    shown.*,
    around.points,
    case when shown.kind like '%share' then '.0%' when around.highest >= 10 then '~s' else '.2~f' end as number_format
from shown
left join lateral (
    select
        max(abs(series.value)) as highest,
        list({
            'batch': series.batch_id,
            'value': series.value,
            -- From so few batches nothing can be expected.
            'expected': case when forecasts.history_count >= 4 then forecasts.expected end,
            'is_odd': series.batch_id = shown.batch_id,
            'lower': shown.lower,
            'upper': shown.upper
        } order by series.batch_id) as points
    from operations.batch_series as series
    left join operations.series_forecasts as forecasts
        on series.series = forecasts.series and series.batch_id = forecasts.batch_id
    where
        series.series = shown.series
        and series.batch_id > 1
        and series.batch_id between shown.batch_id - 60 and shown.batch_id + 10
) as around on true
order by shown.batch_id desc, abs(shown.score) desc, shown.series asc, shown.kind asc
