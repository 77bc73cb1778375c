with securities as (
    select * from {{ ref('dim_security') }}
),

final as (
    select
        sk_security_id,
        symbol,
        issue,
        status,
        name,
        exchange_id,
        sk_company_id,
        shares_outstanding,
        first_trade,
        first_trade_on_exchange,
        dividend,
        is_current,
        batch_id,
        effective_date,
        end_date
    from securities
)

select * from final
