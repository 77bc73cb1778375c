select
    printf(
        'Of 1,000 watches, %.0f lead to a purchase within 30 days.', 1000.0 * sum(bought_in_30_days) / sum(watches)
    ) as finding
from marts.watch_conversion
