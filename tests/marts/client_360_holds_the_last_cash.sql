{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'client_360',
        'reason': 'Otherwise a client would be shown with cash that they do not have.',
    }
) }}
{{ never_stops_the_load() }}

with balances as (
    select
        accounts.account_id,
        {{ latest_by('facts.cash', 'facts.sk_date_id') }} as cash
    from {{ ref('fact_cash_balances') }} as facts
    inner join {{ ref('dim_account') }} as accounts on facts.sk_account_id = accounts.sk_account_id
    group by accounts.account_id
),

expected as (
    select sum(cash) as cash from balances
),

shown as (
    select sum(cash) as cash from {{ ref('client_360') }}
)

select
    expected.cash as expected_cash,
    shown.cash
from expected
cross join shown
where coalesce(expected.cash, 0) <> coalesce(shown.cash, 0)
