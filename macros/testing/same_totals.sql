{#- Totals that differ from those of the relation they are made from, as a whole or by something that both know. What one of
    them has no rows of counts as 0 there. -#}
{% test same_totals(model, totals, of, of_totals=none, of_where='true', by=[], of_by=none) %}
    {%- set groups = ['all'] + (range(by | length) | list) -%}
    with found as (
        select
            1 as key_all,
            {% for expression in by -%}
            {{ expression }} as key_{{ loop.index0 }},
            {% endfor -%}
            {% for expression in totals -%}
            coalesce({{ expression }}, 0) as total_{{ loop.index }}{{ ',' if not loop.last }}
            {% endfor %}
        from (select * from {{ model }}) as rows_found
        {{ 'group by ' ~ by | join(', ') if by }}
    ),

    expected as (
        select
            1 as key_all,
            {% for expression in of_by or by -%}
            {{ expression }} as key_{{ loop.index0 }},
            {% endfor -%}
            {% for expression in of_totals or totals -%}
            coalesce({{ expression }}, 0) as total_{{ loop.index }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ of }}
        where {{ of_where }}
        {{ 'group by ' ~ (of_by or by) | join(', ') if by }}
    ),

    compared as (
        select
            {% for group in groups -%}
            coalesce(found.key_{{ group }}, expected.key_{{ group }}) as key_{{ group }},
            {% endfor -%}
            {% for expression in totals -%}
            coalesce(found.total_{{ loop.index }}, 0) as total_{{ loop.index }},
            coalesce(expected.total_{{ loop.index }}, 0) as expected_{{ loop.index }}{{ ',' if not loop.last }}
            {% endfor %}
        from found
        full outer join expected
            on
                {% for group in groups -%}
                found.key_{{ group }} = expected.key_{{ group }}
                {{ 'and' if not loop.last }}
                {% endfor %}
    )

    select *
    from compared
    where
        {% for expression in totals -%}
        total_{{ loop.index }} <> expected_{{ loop.index }}
        {{ 'or' if not loop.last }}
        {% endfor %}
{% endtest %}
