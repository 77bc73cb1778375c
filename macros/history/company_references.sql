{#- Every way a newswire record may name a company, with the versions behind the name: its key as ten digits, and
    the name that the version bears. A name is never ten digits, so the two cannot meet. Of companies that bear one name
    at one time, the lowest key stands for it, so that no record is taken twice. `companies` is the name of a CTE. -#}
{% macro company_references(companies) -%}
    select
        lpad(cast(company_id as {{ dbt.type_string() }}), 10, '0') as reference,
        company_id,
        sk_company_id,
        effective_date,
        end_date
    from {{ companies }}
    union all
    select
        named.name as reference,
        named.company_id,
        named.sk_company_id,
        named.effective_date,
        named.end_date
    from {{ companies }} as named
    left join {{ companies }} as namesakes
        on
            named.name = namesakes.name
            and named.company_id > namesakes.company_id
            and named.effective_date < namesakes.end_date
            and named.end_date > namesakes.effective_date
    where
        namesakes.company_id is null
        and not (length(named.name) = 10 and translate(named.name, '0123456789', '') = '')
{%- endmacro %}

{#- Condition that a newswire record names a company, in force on the day of the posting. Both arguments are names of
    CTEs, the second one made by company_references. -#}
{% macro names_company(records, references) -%}
    {{ records }}.co_name_or_cik = {{ references }}.reference
            and cast({{ records }}.posted_at as date) >= {{ references }}.effective_date
            and cast({{ records }}.posted_at as date) < {{ references }}.end_date
{%- endmacro %}
