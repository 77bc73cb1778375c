{#- Generic test: a condition holds on every row; on a column, the condition follows the column's name. Fails with the
    rows where it does not hold. -#}
{% test expression_is_true(model, expression, column_name=none) %}
    select {{ '*' if should_store_failures() else '1' }}
    from {{ model }}
    where not ({{ column_name if column_name is not none else '' }} {{ expression }})
{% endtest %}
