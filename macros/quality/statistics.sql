{#- A list's elements as rows. -#}
{% macro unnested(expression) -%}
    unnest({{ expression }})
{%- endmacro %}

{#- A field of a struct. -#}
{% macro field_of(expression, field) -%}
    struct_extract({{ expression }}, '{{ field }}')
{%- endmacro %}

{#- Batches that a forecast looks back on, and that are read again for a new one: forecasts are judged by the errors of
    earlier forecasts, which look back as far again, eight weeks in the case of weekdays. -#}
{% macro forecast_window() -%}
    {{ return(28) }}
{%- endmacro %}

{% macro batches_to_read() -%}
    {{ return(forecast_window() * 2 + 56) }}
{%- endmacro %}

{#- A series' value on a variance-stabilising scale: square roots of counts, angles of shares, and
    amounts in units of their usual spread, beyond which they count by their logarithm. -#}
{% macro stabilised(kind, value, weight, unit) -%}
    case
        when {{ kind }} in ('rows', 'category_rows', 'distinct', 'concentration', 'rejected')
            then 2 * sqrt({{ value }} + 0.375)
        when {{ kind }} like '%share'
            then 2 * asin(sqrt(({{ value }} * {{ weight }} + 0.375) / ({{ weight }} + 0.75)))
        when {{ kind }} in ('mean', 'median', 'spread', 'length')
            then asinh({{ value }} / {{ unit }})
        else {{ value }}
    end
{%- endmacro %}

{#- Back from that scale. -#}
{% macro unstabilised(kind, value, weight, unit) -%}
    case
        when {{ kind }} in ('rows', 'category_rows', 'distinct', 'concentration', 'rejected')
            then greatest(power(greatest({{ value }}, 0) / 2, 2) - 0.375, 0)
        when {{ kind }} like '%share'
            then least(greatest((
                power(sin(least(greatest({{ value }}, 0), pi()) / 2), 2) * ({{ weight }} + 0.75) - 0.375
            ) / {{ weight }}, 0), 1)
        when {{ kind }} in ('mean', 'median', 'spread', 'length')
            then sinh(greatest(least({{ value }}, 60), -60)) * {{ unit }}
        else {{ value }}
    end
{%- endmacro %}

{#- Lower bound of the standard deviation on that scale. A count or share that has never varied is still expected
    to vary half as much as independent rows would. -#}
{% macro least_sigma(kind, weight) -%}
    case
        when {{ kind }} in ('rows', 'category_rows', 'distinct', 'concentration', 'rejected') then 0.5
        when {{ kind }} like '%share' then 0.5 / sqrt({{ weight }} + 0.5)
        when {{ kind }} = 'arrival' then 0.5
        else 0.02
    end
{%- endmacro %}

{#- How surprising a count of rare rows is: the signed root of the deviance, on the scale of standard deviations. A count
    next to what is expected can come out a rounding error below zero. -#}
{% macro rarity_score(observed_count, row_count, rate) -%}
    case
        when {{ observed_count }} <= {{ row_count }} * {{ rate }} then 0
        else sqrt(2 * greatest(
            {{ observed_count }} * ln({{ observed_count }} / ({{ row_count }} * {{ rate }}))
            - ({{ observed_count }} - {{ row_count }} * {{ rate }}),
            0
        ))
    end
{%- endmacro %}

{#- Aggregate: the value below which a share of all values lies, between two of them where it falls there. Dispatches by
    engine. -#}
{% macro quantile(expression, share) -%}
    {{ return(adapter.dispatch('quantile')(expression, share)) }}
{%- endmacro %}

{% macro duckdb__quantile(expression, share) -%}
    quantile_cont({{ expression }}, {{ share }})
{%- endmacro %}

{% macro spark__quantile(expression, share) -%}
    percentile({{ expression }}, {{ share }})
{%- endmacro %}

{#- A fraction as the nearest whole number; halfway, as the even one. Dispatches by engine. -#}
{% macro nearest_whole(expression) -%}
    {{ return(adapter.dispatch('nearest_whole')(expression)) }}
{%- endmacro %}

{% macro duckdb__nearest_whole(expression) -%}
    cast({{ expression }} as bigint)
{%- endmacro %}

{#- Spark's cast cuts off, and Sail's rint rounds up from halfway. -#}
{% macro spark__nearest_whole(expression) -%}
    cast(bround({{ expression }}) as bigint)
{%- endmacro %}
