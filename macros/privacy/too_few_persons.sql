{#- Combinations of columns that fewer than k persons share, among the rows of a relation, as a test: a person is
    counted once however many rows are about them. Persons of whom all is suppressed may be few only where the whole
    population is. -#}
{% macro too_few_persons(relation, person, columns, population="''", k=none) -%}
    {%- set k = k or var('k_anonymity') -%}
    with persons as (
        select distinct
            {{ population }} as population,
            {{ person }} as person,
            {{ columns | join(', ') }}
        from {{ relation }}
    ),

    combinations as (
        select
            population,
            {{ columns | join(', ') }},
            count(distinct person) as person_count,
            sum(count(distinct person)) over (partition by population) as population_count
        from persons
        group by population, {{ columns | join(', ') }}
    )

    select *
    from combinations
    where
        person_count < {{ k }}
        and not (
            population_count < {{ k }}
            {%- for column in columns %}
            and {{ column }} is not distinct from '*'
            {%- endfor %}
        )
{%- endmacro %}
