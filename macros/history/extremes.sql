{#- A price and a day in one integer, so that one running maximum or minimum finds both the extreme price and the
    earliest day it occurred: cents above, the day as yyyymmdd in the lowest 27 bits. Prices up to 680 million fit;
    the source's type ends at 100 million, so a higher one is rejected when it lands. -#}
{% macro packed_high(price, date_id) -%}
    (cast({{ price }} * 100 as bigint) * 134217728 + (134217727 - {{ date_id }}))
{%- endmacro %}

{% macro packed_low(price, date_id) -%}
    (cast({{ price }} * 100 as bigint) * 134217728 + {{ date_id }})
{%- endmacro %}

{#- The price in a packed extreme. -#}
{% macro unpacked_price(packed) -%}
    cast(cast({{ packed }} >> 27 as decimal(15, 0)) * cast(0.01 as decimal(3, 2)) as decimal(15, 2))
{%- endmacro %}

{#- The day in a packed low, or in a packed high, as yyyymmdd. -#}
{% macro unpacked_date_id(packed, is_high=false) -%}
    ({{ '134217727 - ' if is_high }}({{ packed }} & 134217727))
{%- endmacro %}

{#- A day as a whole number of days, so that days can be taken from each other. -#}
{% macro day_number(day) -%}
    {{ adapter.dispatch('day_number')(day) }}
{%- endmacro %}

{% macro spark__day_number(day) -%}
    datediff({{ day }}, date '1900-01-01')
{%- endmacro %}

{% macro duckdb__day_number(day) -%}
    ({{ day }} - date '1900-01-01')
{%- endmacro %}
