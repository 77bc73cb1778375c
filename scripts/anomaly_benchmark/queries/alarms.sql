-- Alarms in a warehouse without faults, and the points that were judged.
select
    count(distinct series) as series,
    count(*) filter (
        where history_count >= (select min(t.min_history) from reference.anomaly_thresholds as t)
    ) as judged,
    (select count(*) from operations.anomalies) as alarms
from operations.series_forecasts
