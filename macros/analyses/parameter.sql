{#- A number that an analysis asks for: the variable of that name, or what `default` finds in the data. -#}
{% macro parameter(name, default) -%}
    {%- set value = var(name, none) -%}
    {%- if value is none -%}
        ({{ default }})
    {%- elif value | string | int(none) is none -%}
        {{ exceptions.raise_compiler_error(
            "--vars " ~ name ~ ": " ~ value ~ " is not a whole number. Days are given as yyyymmdd."
        ) }}
    {%- else -%}
        {{ value }}
    {%- endif -%}
{%- endmacro %}
