{#- The masks, as macros of the database: the only functions that may stand between personal data and whoever may not
    see it. scripts.proof knows them by name; _privacy__macros.yml says what each does. Views call them, so
    they are created before anything runs. -#}
{% macro create_masks() -%}
    {%- if execute and flags.WHICH in ['run', 'build', 'test'] -%}
        {{ adapter.dispatch('create_masks')() }}
    {%- endif -%}
{%- endmacro %}

{#- scripts/spark registers them as functions of the session. -#}
{% macro spark__create_masks() -%}{%- endmacro %}

{% macro duckdb__create_masks() -%}
    {%- set statements = [] -%}
    {%- for mask, body in masks().items() -%}
        {%- do statements.append('create or replace macro ' ~ target.database ~ '.main.' ~ mask ~ ' as ' ~ body) -%}
    {%- endfor -%}
    {%- do run_query(statements | join('; ')) -%}
{%- endmacro %}

{#- {name with arguments: body in DuckDB's SQL}. -#}
{% macro masks() -%}
    {#- The key's version is read once per query: a call into Python for each row would cost a hundred times as much as
        the tokens. -#}
    {%- set tags = 'HighValue|Expenses|Boomer|MoneyAlert|Spender|Inherited' -%}
    {%- set masks = {
        'pii_token(purpose, personal)': "keyed_hash(purpose, cast(personal as varchar))",
        'pii_key(purpose, personal)':
            "cast('0x' || left(keyed_hash(purpose, cast(personal as varchar)), 15) as bigint)",
        'pii_key_version()': "(select keyed_hash_version())",
        'pii_mask_email(personal)': "
            case
                when personal is null then null
                when regexp_matches(personal, '^[^@]+@[^@]+\\.[A-Za-z]+$')
                    then '***@***.' || lower(regexp_extract(personal, '\\.([A-Za-z]+)$', 1))
                else '***'
            end",
        'pii_age_band(personal)': "
            case
                when personal not between 0 and 120 then null
                when personal < 25 then 'under 25'
                when personal < 35 then '25 to 34'
                when personal < 45 then '35 to 44'
                when personal < 55 then '45 to 54'
                when personal < 65 then '55 to 64'
                when personal < 75 then '65 to 74'
                when personal is not null then '75 and over'
            end",
        'pii_zip3(personal)': "upper(left(nullif(trim(personal), ''), 3))",
        'pii_net_worth_band(personal)': "
            case
                when personal < 0 then 'below 0'
                when personal < 100000 then '0 to 99,999'
                when personal < 1000000 then '100,000 to 999,999'
                when personal is not null then '1,000,000 and over'
            end",
        'pii_credit_band(personal)': "
            case
                when personal < 600 then 'under 600'
                when personal < 700 then '600 to 699'
                when personal is not null then '700 and over'
            end",
        'pii_nameplate(personal)': "
            case
                when personal is null then 'None'
                when regexp_full_match(personal, '(" ~ tags ~ ")(\\+(" ~ tags ~ "))*') then personal
                else 'Other'
            end",
        'pii_gender(personal)': "case when upper(personal) in ('M', 'F') then upper(personal) else 'U' end",
    } -%}
    {{ return(masks) }}
{%- endmacro %}
