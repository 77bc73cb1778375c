with brokers as (
    select * from {{ ref('dim_broker') }}
),

released as (
    select * from {{ ref('brokers_released') }}
),

final as (
    select
        pii_key('broker_version', brokers.sk_broker_id) as sk_broker_id,
        pii_key('broker', brokers.broker_id) as broker_id,
        pii_key('broker', brokers.manager_id) as manager_id,
        released.branch,
        brokers.is_current,
        brokers.batch_id,
        brokers.effective_date,
        brokers.end_date,
        pii_key_version() as token_key_version
    from brokers
    inner join released on brokers.broker_id = released.broker_id
)

select * from final
