{#- Batches in which a count breaks its control total. `actual` is SQL that gives batch_id and row_count; `attributes` are
    summed; `holds` is how count and total must compare (=, <= or >=). Rows of the source `rejected` have been accounted
    for already and may make up the difference. -#}
{% macro control_differences(actual, attributes, data_set, holds, rejected=none) %}
    with actual as (
        {{ actual }}
    ),

    totals as (
        select
            batch_id,
            sum(value) as control_total
        from {{ ref('audit') }}
        where
            data_set = '{{ data_set }}'
            and attribute in ('{{ attributes | join("', '") }}')
        group by batch_id
    ),

    rejects as (
        select
            batch_id,
            rejected_rows
        from {{ ref('reconciliation') }}
        where source_name = '{{ rejected or '' }}'
    ),

    compared as (
        select
            totals.batch_id,
            totals.control_total,
            coalesce(actual.row_count, 0) as row_count,
            coalesce(rejects.rejected_rows, 0) as rejected_rows
        from totals
        left join actual on totals.batch_id = actual.batch_id
        left join rejects on totals.batch_id = rejects.batch_id
    )

    select *
    from compared
    where
        not row_count {{ holds }} control_total
        {%- if holds != '<=' %}
        and not (row_count < control_total and row_count + rejected_rows >= control_total)
        {%- endif %}
{% endmacro %}
