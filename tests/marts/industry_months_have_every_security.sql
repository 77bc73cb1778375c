{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'industry_months',
        'reason': 'Otherwise a security would be missing from its industry.',
    }
) }}
{{ never_stops_the_load() }}

-- On the last day of each month, as many securities as have a price, worth as much.
with last_days as (
    select max(sk_date_id) as sk_date_id
    from {{ ref('fact_market_history') }}
    group by {{ month_id('sk_date_id') }}
),

expected as (
    select
        {{ month_id('history.sk_date_id') }} as month_id,
        count(*) as securities,
        sum(securities.shares_outstanding * cast(history.close_price as decimal(28, 2))) as capitalisation
    from {{ ref('fact_market_history') }} as history
    inner join last_days on history.sk_date_id = last_days.sk_date_id
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
    group by {{ month_id('history.sk_date_id') }}
),

shown as (
    select
        month_id,
        sum(securities) as securities,
        sum(capitalisation) as capitalisation
    from {{ ref('industry_months') }}
    group by month_id
)

select
    coalesce(expected.month_id, shown.month_id) as month_id,
    expected.securities as expected_securities,
    shown.securities,
    expected.capitalisation as expected_capitalisation,
    shown.capitalisation
from expected
full outer join shown on expected.month_id = shown.month_id
where
    expected.securities is distinct from shown.securities
    or expected.capitalisation is distinct from shown.capitalisation
