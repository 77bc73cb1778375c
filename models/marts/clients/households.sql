{{ config(materialized='view') }}

-- Customers who share an address now. A household is named by the token of its customer with the lowest number.
with customers as (
    select
        customer_id,
        min(customer_id) over home as first_customer_id
    from {{ ref('dim_customer') }}
    where is_current and nullif(address_line1, '') is not null
    window home as (
        partition by
            upper(address_line1), upper(coalesce(address_line2, '')), upper(coalesce(postal_code, ''))
    )
),

clients as (
    select * from {{ ref('client_360') }}
),

members as (
    select
        heads.customer_id as head_customer_id,
        clients.*
    from customers
    inner join customers as heads on customers.first_customer_id = heads.customer_id
    inner join clients on pii_key('customer', customers.customer_id) = clients.customer_id
),

final as (
    select
        pii_key('customer', head_customer_id) as household_id,
        cast(count(*) as integer) as members,
        cast(sum(case when status = 'Active' then 1 else 0 end) as integer) as active_members,
        cast(sum(accounts) as integer) as accounts,
        cast(sum(assets) as decimal(18, 2)) as assets,
        cast(sum(revenue_year) as decimal(18, 2)) as revenue_year,
        pii_key_version() as token_key_version,
        max(batch_id) as batch_id
    from members
    group by head_customer_id
)

select * from final
