{#- A price and a day in one integer, so that one running maximum or minimum finds both the extreme price and the
    earliest day it occurred: cents above, the day as yyyymmdd below. Prices up to 680 million fit; beyond that is an
    overflow error. -#}
{% macro packed_high(price, date_id) -%}
    (cast({{ price }} * 100 as bigint) * 134217728 + (134217727 - {{ date_id }}))
{%- endmacro %}

{% macro packed_low(price, date_id) -%}
    (cast({{ price }} * 100 as bigint) * 134217728 + {{ date_id }})
{%- endmacro %}

{#- The price in a packed extreme. -#}
{% macro unpacked_price(packed) -%}
    cast(cast({{ packed }} // 134217728 as decimal(15, 0)) * cast(0.01 as decimal(3, 2)) as decimal(15, 2))
{%- endmacro %}

{#- The day in a packed low, or in a packed high, as yyyymmdd. -#}
{% macro unpacked_date_id(packed, is_high=false) -%}
    ({{ '134217727 - ' if is_high }}({{ packed }} % 134217728))
{%- endmacro %}

{#- Order and frame of a window over a date: the year that ends with the row's day, (day - 1 year, day]. -#}
{% macro past_year(day) -%}
    {{ adapter.dispatch('past_year')(day) }}
{%- endmacro %}

{% macro default__past_year(day) -%}
    order by {{ day }} range between (make_ym_interval(1, 0) - make_dt_interval(1)) preceding and current row
{%- endmacro %}

{#- Whole numbers make a much cheaper frame than dates and intervals: the row's own count of days in the past year, 364
    or 365, goes back from its day. -#}
{% macro duckdb__past_year(day) -%}
    order by {{ day }} - date '1900-01-01'
    range between
    cast({{ day }} - cast({{ day }} - interval 1 year as date) - 1 as integer) preceding
    and current row
{%- endmacro %}
