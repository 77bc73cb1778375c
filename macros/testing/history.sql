{#- Versions that break a history's rules: an empty range, a gap or an overlap with the next version, no open version, a
    wrong is_current. -#}
{% test continuous_history(model, business_key) %}
    with versions as (
        select
            *,
            lead(effective_date) over (partition by {{ business_key }} order by effective_date, end_date) as next_date
        from {{ model }}
    )

    select *
    from versions
    where
        effective_date >= end_date
        or end_date <> coalesce(next_date, {{ end_of_time() }})
        or is_current <> (end_date = {{ end_of_time() }})
{% endtest %}

{#- Versions dated outside the batch that brought them: after its day, or, from the second batch on, before it. -#}
{% test versions_begin_in_their_batch(model) %}
    select versions.*
    from (select * from {{ model }}) as versions
    inner join {{ ref('batches') }} as batches on versions.batch_id = batches.batch_id
    where
        versions.effective_date > batches.batch_date
        or (batches.batch_id > 1 and versions.effective_date < batches.batch_date)
{% endtest %}
