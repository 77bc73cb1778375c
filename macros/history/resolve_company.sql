{#- Every way a newswire record may name a company, with the versions that the name stands for: its key as ten digits, and
    the name that the version bears. A name is never ten digits, so the two cannot meet. `companies` is a relation or the
    name of a CTE. -#}
{% macro company_references(companies) -%}
    select
        lpad(cast(company_id as varchar), 10, '0') as reference,
        company_id,
        sk_company_id,
        effective_date,
        end_date
    from {{ companies }}
    union all
    select
        name as reference,
        company_id,
        sk_company_id,
        effective_date,
        end_date
    from {{ companies }}
    where not (length(name) = 10 and translate(name, '0123456789', '') = '')
{%- endmacro %}

{#- Rows of a CTE of newswire records, each with `company_id` and `sk_company_id` of the company it names, as in force on
    the day of the posting. A record that names no company in force is left out. Both arguments are names of CTEs, the
    second one made by company_references. -#}
{% macro resolve_company(records, references) -%}
    select
        {{ records }}.*,
        {{ references }}.company_id,
        {{ references }}.sk_company_id
    from {{ records }}
    inner join {{ references }}
        on
            {{ records }}.co_name_or_cik = {{ references }}.reference
            and cast({{ records }}.posted_at as date) >= {{ references }}.effective_date
            and cast({{ records }}.posted_at as date) < {{ references }}.end_date
{%- endmacro %}
