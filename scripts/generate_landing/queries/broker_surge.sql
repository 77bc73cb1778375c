-- More rows for `landed` (trades): the new trades of the busiest broker again, under numbers of their own from
-- $first_number on, until each has come $times times. `brokers`: accounts and their brokers, the latest last.
with
latest as (
    select
        ca_id,
        arg_max(ca_b_id, place) as broker
    from brokers
    where ca_b_id != ''
    group by ca_id
),

placed as (
    select
        landed.*,
        coalesce(latest.broker, '') as broker
    from landed
    left join latest on landed.t_ca_id = latest.ca_id
    where landed.cdc_flag = 'I'
),

busiest as (
    select broker
    from placed
    group by broker
    order by count(*) desc, min(n)
    limit 1
),

chosen as (
    select
        placed.*,
        row_number() over (order by placed.n) - 1 as place,
        count(*) over () as trades
    from placed
    inner join busiest on placed.broker = busiest.broker
),

turns as (
    select unnest(range(ceil($times)::int)) as turn
),

added as (
    select
        chosen.*,
        turns.turn * chosen.trades + chosen.place as number
    from chosen
    cross join turns
    where number < round_even(chosen.trades * $times, 0) - chosen.trades
)

select
    * exclude (n, broker, place, trades, number)
    replace (
        ($first_number + number)::varchar as cdc_dsn,
        ($first_number + number)::varchar as t_id
    )
from added
order by number
