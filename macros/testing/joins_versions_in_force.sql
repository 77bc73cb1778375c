{#- Rows of a fact that belong to no version of a dimension, or to one that was not in force on the row's day. -#}
{% test joins_versions_in_force(model, day, dimensions) %}
    select facts.*
    from (select * from {{ model }}) as facts
    left join {{ ref('dim_date') }} as days on facts.{{ day }} = days.sk_date_id
    {% for name in dimensions -%}
    left join {{ ref('dim_' ~ name) }} as {{ name }} on facts.sk_{{ name }}_id = {{ name }}.sk_{{ name }}_id
    {% endfor -%}
    where
        days.sk_date_id is null
        {% for name in dimensions -%}
        or {{ name }}.sk_{{ name }}_id is null
        or days.date_value < {{ name }}.effective_date
        or days.date_value >= {{ name }}.end_date
        {% endfor %}
{% endtest %}
