{#- A date as an integer, yyyymmdd: the key of dim_date. -#}
{% macro date_id(date_expression) -%}
    cast(
        year({{ date_expression }}) * 10000
        + month({{ date_expression }}) * 100
        + day({{ date_expression }}) as bigint
    )
{%- endmacro %}

{#- A timestamp's time of day as an integer, hhmmss: the key of dim_time. -#}
{% macro time_id(timestamp_expression) -%}
    cast(
        hour({{ timestamp_expression }}) * 10000
        + minute({{ timestamp_expression }}) * 100
        + second({{ timestamp_expression }}) as bigint
    )
{%- endmacro %}

{#- Surrogate key of a version with an integer business key: the key's digits, then the effective date as yyyymmdd.
    Unique, readable, and the same in every build. Business keys up to 92,233,720,367 fit; a larger one is an overflow
    error, never a wrong key. -#}
{% macro version_key(business_key, effective_date) -%}
    (cast({{ business_key }} as bigint) * 100000000 + {{ date_id(effective_date) }})
{%- endmacro %}

{#- Surrogate key of a version with a text business key: 60 bits of the MD5 of key and effective date. -#}
{% macro text_version_key(business_key, effective_date) -%}
    {{ adapter.dispatch('hash_60')(business_key ~ " || '|' || cast(" ~ date_id(effective_date) ~ " as string)") }}
{%- endmacro %}

{% macro spark__hash_60(text_expression) -%}
    cast(conv(substring(md5({{ text_expression }}), 1, 15), 16, 10) as bigint)
{%- endmacro %}

{% macro duckdb__hash_60(text_expression) -%}
    cast('0x' || substring(md5({{ text_expression }}), 1, 15) as bigint)
{%- endmacro %}

{#- What two records of one person share: names and address, upper-cased, null matching empty. -#}
{% macro person_match_key(last_name, first_name, address_line1, address_line2, postal_code) -%}
    upper(
        coalesce({{ last_name }}, '') || chr(31)
        || coalesce({{ first_name }}, '') || chr(31)
        || coalesce({{ address_line1 }}, '') || chr(31)
        || coalesce({{ address_line2 }}, '') || chr(31)
        || coalesce({{ postal_code }}, '')
    )
{%- endmacro %}

{#- The date of a key of dim_date. -#}
{% macro date_of(date_id) -%}
    make_date(
        cast(floor(({{ date_id }}) / 10000) as integer),
        cast(floor(({{ date_id }}) / 100) % 100 as integer),
        cast(({{ date_id }}) % 100 as integer)
    )
{%- endmacro %}

{#- The month of a key of dim_date as an integer, yyyymm. -#}
{% macro month_id(date_id) -%}
    cast(floor({{ date_id }} / 100) as integer)
{%- endmacro %}

{#- Seconds since midnight of a key of dim_time. -#}
{% macro seconds_of(time_id) -%}
    cast(
        floor({{ time_id }} / 10000) * 3600 + floor({{ time_id }} / 100) % 100 * 60 + {{ time_id }} % 100 as bigint
    )
{%- endmacro %}
