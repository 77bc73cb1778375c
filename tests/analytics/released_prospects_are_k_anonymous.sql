{{ config(meta={'dimension': 'confidentiality'}) }}

-- Without it, what is shown of a prospect could single them out, among those who are customers too or among the rest.
with prospects as (
    select
        prospects.*,
        customers.agency_id is not null as is_both
    from {{ ref('analytics_prospect') }} as prospects
    left join (select distinct agency_id from {{ ref('analytics_dim_customer') }}) as customers
        on prospects.agency_id = customers.agency_id
)

select * from (
    {{ too_few_persons(
        'prospects', 'agency_id', ['gender', 'age_band', 'area', 'net_worth_band', 'credit_band'], 'is_both'
    ) | indent(4) }}
)
