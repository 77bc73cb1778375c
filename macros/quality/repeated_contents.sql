{#- How many rows of a table and batch the batch has already, and how many one of the seven batches before had, as the body
    of a CTE; `hashes` is the name of one that hashed_rows makes. -#}
{% macro repeated_contents(hashes) -%}
    with contents as (
        select
            table_name,
            batch_id,
            compared,
            count(*) as row_count,
            case
                when
                    batch_id - lag(batch_id) over (partition by table_name, compared, hash order by batch_id) <= 7
                    then count(*)
                else 0
            end as repeated_count
        from {{ hashes }}
        group by table_name, batch_id, compared, hash
    )

    select
        table_name,
        batch_id,
        sum(case when compared = 'content' then row_count - 1 end) as doubled,
        sum(case when compared = 'content' then repeated_count end) as repeated,
        sum(case when compared = 'measures' then repeated_count end) as repeated_measures
    from contents
    group by table_name, batch_id
{%- endmacro %}
