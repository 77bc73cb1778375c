{#- How many values of a column and batch have the sign of most others of their kind, as the body of a CTE; `values` is the
    name of one that profiled_values makes. In amounts with both signs, a buy has one and a sale the other: the code that
    tells the sign best says so. -#}
{% macro agreeing_signs(values) -%}
    with signs_by_code as (
        select
            table_name,
            batch_id,
            column_name,
            code_number,
            code,
            count(case when number < 0 then 1 end) as negatives,
            count(*) as row_count
        from (
            select
                table_name,
                batch_id,
                column_name,
                number,
                {{ unnested('codes') }} as code,
                generate_subscripts(codes, 1) as code_number
            from {{ values }}
            where
                value is not null
                and number <> 0
        ) as coded
        group by table_name, batch_id, column_name, code_number, code
    ),

    -- A row is compared with the others of its code, so that a code which occurs once proves nothing.
    agreeing_by_code as (
        select
            table_name,
            batch_id,
            column_name,
            sum(
                case when abs(2 * negatives - row_count) > 1 then greatest(negatives, row_count - negatives) else 0 end
            ) as agreeing
        from signs_by_code
        group by table_name, batch_id, column_name, code_number
    )

    select
        table_name,
        batch_id,
        column_name,
        max(agreeing) as agreeing
    from agreeing_by_code
    group by table_name, batch_id, column_name
{%- endmacro %}
