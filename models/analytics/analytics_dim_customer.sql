with customers as (
    select * from {{ ref('dim_customer') }}
),

released as (
    select * from {{ ref('persons_released') }}
    where customer_id is not null
),

final as (
    select
        pii_key('customer_version', customers.sk_customer_id) as sk_customer_id,
        pii_key('customer', customers.customer_id) as customer_id,
        pii_token('prospect', released.agency_id) as agency_id,
        customers.status,
        customers.tier,
        released.gender,
        released.age_band,
        released.area,
        released.net_worth_band,
        released.credit_band,
        customers.is_current,
        customers.batch_id,
        customers.effective_date,
        customers.end_date,
        pii_key_version() as token_key_version
    from customers
    inner join released on customers.customer_id = released.customer_id
)

select * from final
