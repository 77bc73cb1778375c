-- Date.txt from `days`, whose order the rows keep: each day, and whether exchanges are closed on it. Weeks are numbered
-- within the year, the first one starting on 1 January. The fiscal year starts in July and bears the number of the year
-- in which it ends.
with
parts as (
    select
        day,
        is_holiday,
        year(day) as year,
        quarter(day) as quarter,
        month(day) as month,
        monthname(day) as month_name,
        (day - date_trunc('year', day)::date + isodow(date_trunc('year', day)) - 1) // 7 + 1 as week,
        year(day) + (month(day) >= 7)::int as fiscal_year,
        (quarter(day) + 1) % 4 + 1 as fiscal_quarter
    from days
)

select
    strftime(day, '%Y%m%d') as sk_date_id,
    day as date_value,
    month_name || ' ' || day(day) || ', ' || year as date_desc,
    year as calendar_year_id,
    year as calendar_year_desc,
    year || quarter::varchar as calendar_qtr_id,
    year || ' Q' || quarter as calendar_qtr_desc,
    year || month::varchar as calendar_month_id,
    year || ' ' || month_name as calendar_month_desc,
    year || week::varchar as calendar_week_id,
    year || '-W' || week as calendar_week_desc,
    dayofweek(day) + 1 as day_of_week_num,
    dayname(day) as day_of_week_desc,
    fiscal_year as fiscal_year_id,
    fiscal_year as fiscal_year_desc,
    fiscal_year || fiscal_quarter::varchar as fiscal_qtr_id,
    fiscal_year || ' Q' || fiscal_quarter as fiscal_qtr_desc,
    is_holiday as holiday_flag
from parts
