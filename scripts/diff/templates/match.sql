{#- Rows of two tables matched by their key, all that differs of them counted at once. Each column of a matched row is
    there as `b …` of the base and `h …` of the head, and `d …` says whether they differ; `b`, `h` and `d` say so of the
    row. The two sides of a key are the same where both are there. -#}
{% macro pair(name, relation) %}{{ alike("b", name) }} {{ relation }} {{ alike("h", name) }}{% endmacro %}
{% macro as_text(column) %}left({{ column | identifier }}::varchar, {{ longest_value }}){% endmacro %}
select
    count(*) filter (b and h) as matched,
    count(*) filter (b and h and d) as changed,
    [
        {% for name in values %}
        (
            {{ "count(%s)" | format(("b " ~ name) | identifier) if columns[name].before else "null" }},
            {{ "count(%s)" | format(("h " ~ name) | identifier) if columns[name].after else "null" }},
            {% if name in shared %}
            count(*) filter (b and h and {{ ("d " ~ name) | identifier }}),
            {% else %}
            null,
            {% endif %}
            {% if name in shared and shows(name) %}
            {# A few rows in no order that says anything of them, the same ones every time. #}
            min_by(
                struct_pack(
                    key := [{% for part in key %}{{ as_text("h " ~ part) if shows(part) else "null::varchar" }}{{ ", " if not loop.last }}{% endfor %}],
                    before := {{ as_text("b " ~ name) }},
                    after := {{ as_text("h " ~ name) }}
                ),
                hash({% for part in key %}{{ ("h " ~ part) | identifier }}{{ ", " if not loop.last }}{% endfor %}),
                {{ examples }}
            ) filter (b and h and {{ ("d " ~ name) | identifier }})
            {% else %}
            null
            {% endif %}
        ){{ "," if not loop.last }}
        {% endfor %}
    ] as columns
from (
    select
        {% for name in key + values %}
        {% if columns[name].before %}
        b.{{ name | identifier }} as {{ ("b " ~ name) | identifier }},
        {% endif %}
        {% if columns[name].after %}
        h.{{ name | identifier }} as {{ ("h " ~ name) | identifier }},
        {% endif %}
        {% endfor %}
        {% for name in shared %}
        {{ pair(name, "is distinct from") }} as {{ ("d " ~ name) | identifier }},
        {% endfor %}
        b."is here" as b,
        h."is here" as h,
        {% for name in shared %}{{ ("d " ~ name) | identifier }} or {% endfor %}false as d
    from (select true as "is here", * from {{ base }}) as b
    full join (select true as "is here", * from {{ head }}) as h
        on {% for name in key %}{{ pair(name, "is not distinct from") }}{{ " and " if not loop.last }}{% endfor %}

)
