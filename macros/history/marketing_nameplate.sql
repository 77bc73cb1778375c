{#- Tags that marketing gives a prospect, joined by `+` in a fixed order; null without any. Amounts are in whole
    units of money. -#}
{% macro marketing_nameplate(
    net_worth, income, number_children, number_credit_cards, age, credit_rating, number_cars
) -%}
    nullif(
        concat_ws(
            '+',
            case when {{ net_worth }} > 1000000 or {{ income }} > 200000 then 'HighValue' end,
            case when {{ number_children }} > 3 or {{ number_credit_cards }} > 5 then 'Expenses' end,
            case when {{ age }} > 45 then 'Boomer' end,
            case
                when {{ income }} < 50000 or {{ credit_rating }} < 600 or {{ net_worth }} < 100000 then 'MoneyAlert'
            end,
            case when {{ number_cars }} > 3 or {{ number_credit_cards }} > 7 then 'Spender' end,
            case when {{ age }} < 25 and {{ net_worth }} > 1000000 then 'Inherited' end
        ),
        ''
    )
{%- endmacro %}
