{#- Rows that are dated outside the batch that brought them: later than its day, or, from the second batch on, on another
    day than its own, or than the one `days_before` it. -#}
{% test dated_in_batch(model, day, batch_id='batch_id', days_before=0) %}
    with days as (
        select
            batch_id,
            {{ date_id('batch_date') }} as last_day_id,
            {{ date_id("(batch_date - interval '" ~ days_before ~ "' day)") }} as day_id
        from {{ ref('batches') }}
    )

    select
        days.batch_id,
        count(*) as row_count
    from (select * from {{ model }}) as facts
    inner join days on facts.{{ batch_id }} = days.batch_id
    where
        facts.{{ day }} > days.last_day_id
        or (days.batch_id > 1 and facts.{{ day }} <> days.day_id)
    group by days.batch_id
{% endtest %}
