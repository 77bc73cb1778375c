{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'fact_cash_balances',
        'reason': "Otherwise a transaction could be missing from an account's last balance, or be counted twice.",
    }
) }}
{{ never_stops_the_load() }}

with balances as (
    select
        accounts.account_id,
        max_by(facts.cash, facts.sk_date_id) as cash
    from {{ ref('fact_cash_balances') }} as facts
    inner join {{ ref('dim_account') }} as accounts on facts.sk_account_id = accounts.sk_account_id
    group by accounts.account_id
),

transactions as (
    select
        account_id,
        sum(amount) as cash
    from {{ ref('stg_brokerage__cash_transaction') }}
    where account_id in (select balances.account_id from balances)
    group by account_id
)

select
    transactions.account_id,
    transactions.cash as expected_cash,
    balances.cash
from transactions
inner join balances on transactions.account_id = balances.account_id
where transactions.cash <> balances.cash
