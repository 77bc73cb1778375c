{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'holding_changes',
        'reason': 'Otherwise lots, positions and account months would hold other shares than trades have left.',
    }
) }}
{{ never_stops_the_load() }}

with held as (
    select
        trade_id,
        current_holding,
        row_number() over (
            partition by trade_id
            order by sk_date_id desc, sk_time_id desc, current_trade_id desc
        ) as recency
    from {{ ref('fact_holdings') }}
    where sk_date_id is not null
),

changed as (
    select
        trade_id,
        sum(quantity_change) as quantity
    from {{ ref('holding_changes') }}
    group by trade_id
)

select
    held.trade_id,
    held.current_holding,
    changed.quantity
from held
left join changed on held.trade_id = changed.trade_id
where
    held.recency = 1
    and held.current_holding <> coalesce(changed.quantity, 0)
