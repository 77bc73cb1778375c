-- By the key of a security's version first, which leaves few rows to join.
with version_prices as (
    select
        sk_security_id,
        max(sk_date_id) as last_date_id,
        {{ latest_by('close_price', 'sk_date_id') }} as close_price,
        {{ latest_by('batch_id', 'sk_date_id') }} as batch_id
    from {{ ref('fact_market_history') }}
    group by sk_security_id, {{ month_id('sk_date_id') }}
),

final as (
    select
        securities.symbol,
        {{ month_id('prices.last_date_id') }} as month_id,
        max(prices.last_date_id) as last_date_id,
        {{ latest_by('prices.close_price', 'prices.last_date_id') }} as close_price,
        {{ latest_by('prices.batch_id', 'prices.last_date_id') }} as batch_id
    from version_prices as prices
    inner join {{ ref('dim_security') }} as securities on prices.sk_security_id = securities.sk_security_id
    group by securities.symbol, {{ month_id('prices.last_date_id') }}
)

select * from final
