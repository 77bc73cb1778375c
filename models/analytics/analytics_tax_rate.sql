with tax_rates as (
    select * from {{ ref('tax_rate') }}
),

final as (
    select
        tx_id,
        tx_name,
        tx_rate,
        batch_id
    from tax_rates
)

select * from final
