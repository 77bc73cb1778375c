{#- Keys of a dimension's versions and what shows in their place: made once a member of the dimension, not once a row of a
    fact. -#}
{% macro version_tokens(dimension) -%}
    select
        sk_{{ dimension }}_id as real_key,
        pii_key('{{ dimension }}_version', sk_{{ dimension }}_id) as sk_{{ dimension }}_id
    from {{ ref('dim_' ~ dimension) }}
{%- endmacro %}
