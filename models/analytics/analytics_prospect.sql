with prospects as (
    select * from {{ ref('prospect') }}
),

released as (
    select * from {{ ref('persons_released') }}
    where customer_id is null
),

final as (
    select
        pii_token('prospect', prospects.agency_id) as agency_id,
        prospects.is_customer and released.is_both as is_customer,
        released.gender,
        released.age_band,
        released.area,
        released.net_worth_band,
        released.credit_band,
        pii_key_version() as token_key_version
    from prospects
    inner join released on prospects.agency_id = released.agency_id
)

select * from final
