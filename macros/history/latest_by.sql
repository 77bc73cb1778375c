{#- Aggregate: the value of the row whose `order_expression` is highest. -#}
{% macro latest_by(expression, order_expression) -%}
    max_by({{ expression }}, {{ order_expression }})
{%- endmacro %}
