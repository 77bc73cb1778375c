{#- What the hash of an entry of the access log must be, as SQL over the entry's columns. -#}
{% macro access_log_hash() -%}
    sha256(concat_ws(
        '|', entry, strftime(happened_at, '%Y-%m-%dT%H:%M:%S.%f'), action, actor, detail, key_version, previous_hash
    ))
{%- endmacro %}
