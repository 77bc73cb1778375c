{#- A price and a day in one integer, so that one running maximum or minimum finds both the extreme price and the
    earliest day it occurred: cents above, days below. Prices up to 80 billion fit; beyond that is an overflow error. -#}
{% macro packed_high(price, day) -%}
    (cast({{ price }} * 100 as bigint) * 1048576 + (1048575 - {{ day_number(day) }}))
{%- endmacro %}

{% macro packed_low(price, day) -%}
    (cast({{ price }} * 100 as bigint) * 1048576 + {{ day_number(day) }})
{%- endmacro %}

{#- The price in a packed extreme. -#}
{% macro unpacked_price(packed) -%}
    cast(cast({{ packed }} // 1048576 as decimal(15, 0)) * cast(0.01 as decimal(3, 2)) as decimal(15, 2))
{%- endmacro %}

{#- The day in a packed low, or in a packed high. -#}
{% macro unpacked_day(packed, is_high=false) -%}
    (date '1900-01-01' + cast({{ '1048575 - ' if is_high }}({{ packed }} % 1048576) as integer))
{%- endmacro %}

{% macro day_number(day) -%}
    {{ adapter.dispatch('day_number')(day) }}
{%- endmacro %}

{% macro default__day_number(day) -%}
    datediff({{ day }}, date '1900-01-01')
{%- endmacro %}

{% macro duckdb__day_number(day) -%}
    ({{ day }} - date '1900-01-01')
{%- endmacro %}

{#- Window frame over a date: the year that ends with the row's day, (day - 1 year, day]. -#}
{% macro past_year_frame() -%}
    {{ adapter.dispatch('past_year_frame')() }}
{%- endmacro %}

{% macro default__past_year_frame() -%}
    range between (make_ym_interval(1, 0) - make_dt_interval(1)) preceding and current row
{%- endmacro %}

{% macro duckdb__past_year_frame() -%}
    range between interval '1 year -1 day' preceding and current row
{%- endmacro %}
