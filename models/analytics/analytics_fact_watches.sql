with watches as (
    select * from {{ ref('fact_watches') }}
),

customers as (
    {{ version_tokens('customer') }}
),

final as (
    select
        customers.sk_customer_id,
        watches.sk_security_id,
        watches.sk_date_id_date_placed,
        watches.sk_date_id_date_removed,
        watches.first_batch_id,
        watches.batch_id,
        pii_key_version() as token_key_version
    from watches
    inner join customers on watches.sk_customer_id = customers.real_key
)

select * from final
