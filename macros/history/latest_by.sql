{#- Aggregate: the value of the row with the highest `order_expression`. -#}
{% macro latest_by(expression, order_expression) -%}
    max_by({{ expression }}, {{ order_expression }})
{%- endmacro %}
