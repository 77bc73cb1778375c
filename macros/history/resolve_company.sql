{#- Rows of a CTE of newswire records, each with `company_id` and `sk_company_id` of the company it names: by its key
    where `co_name_or_cik` is ten digits, else by the name in force on the day of the posting. A record that names no
    company in force is left out. Both arguments are names of CTEs. -#}
{% macro resolve_company(records, companies) -%}
    select
        {{ records }}.*,
        {{ companies }}.company_id,
        {{ companies }}.sk_company_id
    from {{ records }}
    inner join {{ companies }}
        on
            {{ records }}.co_name_or_cik = lpad(cast({{ companies }}.company_id as varchar), 10, '0')
            and cast({{ records }}.posted_at as date) >= {{ companies }}.effective_date
            and cast({{ records }}.posted_at as date) < {{ companies }}.end_date
    where {{ is_cik(records ~ '.co_name_or_cik') }}
    union all
    select
        {{ records }}.*,
        {{ companies }}.company_id,
        {{ companies }}.sk_company_id
    from {{ records }}
    inner join {{ companies }}
        on
            {{ records }}.co_name_or_cik = {{ companies }}.name
            and cast({{ records }}.posted_at as date) >= {{ companies }}.effective_date
            and cast({{ records }}.posted_at as date) < {{ companies }}.end_date
    where not {{ is_cik(records ~ '.co_name_or_cik') }}
{%- endmacro %}

{#- Whether a company reference is a key: exactly ten digits. -#}
{% macro is_cik(reference) -%}
    (length({{ reference }}) = 10 and translate({{ reference }}, '0123456789', '') = '')
{%- endmacro %}
