{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'fact_account_months',
        'reason': 'Otherwise a month would be missing from an account, or show other cash than its last balance.',
    }
) }}
{{ never_stops_the_load() }}

-- A month's cash is its last balance, or that of the month before; and an account has every month from its first on.
with balances as (
    select
        accounts.account_id,
        {{ month_id('facts.sk_date_id') }} as month_id,
        {{ latest_by('facts.cash', 'facts.sk_date_id') }} as cash
    from {{ ref('fact_cash_balances') }} as facts
    inner join {{ ref('dim_account') }} as accounts on facts.sk_account_id = accounts.sk_account_id
    group by accounts.account_id, {{ month_id('facts.sk_date_id') }}
),

shown as (
    select
        accounts.account_id,
        facts.month_id,
        facts.cash,
        floor(facts.month_id / 100) * 12 + facts.month_id % 100 as month_number
    from {{ ref('fact_account_months') }} as facts
    inner join {{ ref('dim_account') }} as accounts on facts.sk_account_id = accounts.sk_account_id
),

last_month as (
    select max(month_number) as month_number from shown
),

followed as (
    select
        *,
        lag(cash, 1, 0) over months as cash_before,
        lead(month_number) over months as next_month_number
    from shown
    window months as (partition by account_id order by month_number)
)

select
    coalesce(followed.account_id, balances.account_id) as account_id,
    coalesce(followed.month_id, balances.month_id) as month_id,
    coalesce(balances.cash, followed.cash_before) as expected_cash,
    followed.cash
from followed
full outer join balances
    on
        followed.account_id = balances.account_id
        and followed.month_id = balances.month_id
cross join last_month
where
    followed.cash is distinct from coalesce(balances.cash, followed.cash_before)
    or coalesce(followed.next_month_number, last_month.month_number + 1) <> followed.month_number + 1
