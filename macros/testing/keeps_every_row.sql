{#- A table for readers that has other rows than the one it is made from: the joins that make its tokens could lose or
    repeat some. -#}
{% test keeps_every_row(model, of) %}
    select
        made_from.row_count,
        kept.row_count as kept_row_count
    from (select count(*) as row_count from {{ of }}) as made_from
    cross join (select count(*) as row_count from {{ model }}) as kept
    where made_from.row_count <> kept.row_count
{% endtest %}
