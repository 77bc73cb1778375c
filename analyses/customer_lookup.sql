{%- set newest = 'select max(customer_id) from ' ~ ref('dim_customer') -%}

with customers as (
    select * from {{ ref('dim_customer') }}
    where customer_id = {{ parameter('customer_id', newest) }}
),

versions as (
    select
        count(*) as versions,
        min(effective_date) as customer_since
    from customers
),

accounts as (
    select
        count(*) as accounts,
        count(case when accounts.status = 'Active' then 1 end) as active_accounts
    from customers
    inner join {{ ref('dim_account') }} as accounts
        on customers.sk_customer_id = accounts.sk_customer_id and accounts.is_current
    where customers.is_current
),

final as (
    select
        customers.customer_id,
        customers.status,
        customers.tier,
        customers.state_prov,
        customers.country,
        customers.marketing_nameplate,
        versions.customer_since,
        versions.versions,
        accounts.accounts,
        accounts.active_accounts
    from customers
    cross join versions
    cross join accounts
    where customers.is_current
)

select * from final
