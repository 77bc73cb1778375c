{#- Persons with their quasi-identifiers suppressed until at least k persons share each combination, as the body of a
    CTE. `persons` has a row per person with `person_key`, `population` and the columns.

    Columns are suppressed one after another, from the last of the list to the first: a person keeps as many as k
    persons of the same population share. Of the persons that are left when everything is suppressed there can be fewer
    than k; then the smallest combination joins them. A population of fewer than k persons shows nothing at all. -#}
{% macro k_anonymous(persons, columns, k) -%}
    with numbered as (
        select
            *,
            {#- How many persons share the first n columns, where no more than n have been kept so far. -#}
            cast(null as integer) as kept_0
        from {{ persons }}
    ),

    {% for kept in range(columns | length, 0, -1) -%}
    step_{{ kept }} as (
        select
            *,
            case
                when {{ 'kept_' ~ (columns | length - kept) }} is not null
                    then {{ 'kept_' ~ (columns | length - kept) }}
                when count(*) over (
                    partition by
                        population,
                        {{ 'kept_' ~ (columns | length - kept) }} is null,
                        {{ columns[:kept] | join(', ') }}
                ) >= {{ k }} then {{ kept }}
            end as kept_{{ columns | length - kept + 1 }}
        from {{ 'numbered' if loop.first else 'step_' ~ (kept + 1) }}
    ),

    {% endfor -%}
    shown as (
        select
            person_key,
            population,
            coalesce(kept_{{ columns | length }}, 0) as kept,
            {% for column in columns -%}
            case
                when coalesce(kept_{{ columns | length }}, 0) >= {{ loop.index }} then cast({{ column }} as string)
                else '*'
            end as {{ column }},
            {% endfor -%}
            sum(case when kept_{{ columns | length }} is null then 1 else 0 end) over (partition by population) as hidden_count
        from step_1
    ),

    sized as (
        select
            *,
            dense_rank() over (
                partition by population, kept = 0
                {# Engines put null first, or last. #}
                order by {{ columns | join(' nulls last, ') }} nulls last
            ) as combination,
            count(*) over (partition by population, kept, {{ columns | join(', ') }}) as combination_count
        from shown
    ),

    ranked as (
        select
            *,
            dense_rank() over (partition by population, kept = 0 order by combination_count, combination) as size_rank
        from sized
    )

    select
        person_key,
        {% for column in columns -%}
        case
            when kept > 0 and size_rank = 1 and hidden_count between 1 and {{ k - 1 }} then '*'
            else {{ column }}
        end as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from ranked
{%- endmacro %}
