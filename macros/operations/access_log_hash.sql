{#- What the hash of an entry of the access log must be, as SQL over the entry's columns. -#}
{% macro access_log_hash() -%}
    {{ adapter.dispatch('access_log_hash')() }}
{%- endmacro %}

{% macro default__access_log_hash() -%}
    sha2(concat_ws(
        '|', cast(entry as string), date_format(happened_at, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"), action, actor, detail,
        cast(key_version as string), previous_hash
    ), 256)
{%- endmacro %}

{% macro duckdb__access_log_hash() -%}
    sha256(concat_ws(
        '|', entry, strftime(happened_at, '%Y-%m-%dT%H:%M:%S.%f'), action, actor, detail, key_version, previous_hash
    ))
{%- endmacro %}
