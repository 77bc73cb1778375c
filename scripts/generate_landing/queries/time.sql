-- Time.txt: the seconds of a day, and whether the market and the offices are open.
with
seconds as (
    select
        second,
        second // 3600 as hour,
        second // 60 % 60 as minute,
        make_time(second // 3600, second // 60 % 60, second % 60)::varchar as text
    from (select unnest(range(86400)) as second) as counted
)

select
    replace(text, ':', '') as sk_time_id,
    text as time_value,
    hour as hour_id,
    left(text, 2) as hour_desc,
    minute as minute_id,
    left(text, 5) as minute_desc,
    second % 60 as second_id,
    text as second_desc,
    text >= '09:30:00' and text < '16:00:00' as market_hours_flag,
    text >= '08:00:00' and text < '18:00:00' as office_hours_flag
from seconds
