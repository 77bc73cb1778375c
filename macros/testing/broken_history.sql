{#- Versions that break a history's rules: an empty range, a gap or an overlap with the next version, no open version, a
    wrong is_current. -#}
{% macro broken_history(relation, business_key) %}
    with versions as (
        select
            *,
            lead(effective_date) over (partition by {{ business_key }} order by effective_date, end_date) as next_date
        from {{ relation }}
    )

    select *
    from versions
    where
        effective_date >= end_date
        or end_date <> coalesce(next_date, {{ end_of_time() }})
        or is_current <> (end_date = {{ end_of_time() }})
{% endmacro %}
