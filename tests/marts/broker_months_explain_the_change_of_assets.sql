{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'broker_months',
        'reason': 'Otherwise what clients brought in and what markets gained would not explain how a book changed.',
    }
) }}
{{ never_stops_the_load() }}

with followed as (
    select
        month,
        broker_id,
        assets,
        clients_before,
        net_flow + market_gain as change,
        lag(month) over months = month - interval '1' month as is_followed,
        lag(assets) over months as assets_before,
        lag(clients) over months as clients_of_month_before
    from {{ ref('broker_months') }}
    window months as (partition by broker_id order by month)
)

select
    month,
    broker_id,
    assets,
    change,
    assets_before
from followed
where
    assets - case when is_followed then assets_before else 0 end <> change
    or clients_before <> case when is_followed then clients_of_month_before else 0 end
