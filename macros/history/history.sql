{#- End of a version's range while it is open. -#}
{% macro end_of_time() -%}
    date '9999-12-31'
{%- endmacro %}

{#- The last value that is not null up to the row, in a named window that ends at the row. -#}
{% macro last_known(expression, window_name) -%}
    {{ adapter.dispatch('last_known')(expression, window_name) }}
{%- endmacro %}

{% macro spark__last_known(expression, window_name) -%}
    last_value({{ expression }}) ignore nulls over {{ window_name }}
{%- endmacro %}

{% macro duckdb__last_known(expression, window_name) -%}
    last_value({{ expression }} ignore nulls) over {{ window_name }}
{%- endmacro %}

{#- Highest batch that `this` holds rows of, as SQL; 0 in an empty table. Only for incremental runs. -#}
{% macro loaded_through() -%}
    (select coalesce(max(batch_id), 0) from {{ this }})
{%- endmacro %}

{#- Condition on rows of batches that `this` has not taken yet; true in a first build. -#}
{% macro is_new_batch(column='batch_id') -%}
    {{ column ~ ' > ' ~ loaded_through() if is_incremental() else 'true' }}
{%- endmacro %}

{#- A phone as one text, or null without the local part: `+CC ` only where country and area code are both there,
    `(AREA) ` where an area code is there, the local part, then the extension with nothing between. -#}
{% macro phone_number(country_code, area_code, local_number, extension) -%}
    case
        when nullif({{ local_number }}, '') is not null
            then
                case
                    when nullif({{ country_code }}, '') is not null and nullif({{ area_code }}, '') is not null
                        then '+' || {{ country_code }} || ' '
                    else ''
                end
                || case
                    when nullif({{ area_code }}, '') is not null then '(' || {{ area_code }} || ') '
                    else ''
                end
                || {{ local_number }}
                || coalesce({{ extension }}, '')
    end
{%- endmacro %}

{#- Place of an element among all parts of a document, as an integer: the part's number, then the offset in it. -#}
{% macro document_order(landed_file, byte_offset) -%}
    {{ part_number(landed_file) }} * 4398046511104 + {{ byte_offset }}
{%- endmacro %}
