-- A balance's change is the day's cash flow; an account's first balance is its first flow.
with flows as (
    select
        balances.sk_date_id,
        customers.tier,
        accounts.account_id,
        balances.cash - coalesce(
            lag(balances.cash) over (partition by accounts.account_id order by balances.sk_date_id), 0
        ) as amount
    from {{ ref('fact_cash_balances') }} as balances
    inner join {{ ref('dim_account') }} as accounts on balances.sk_account_id = accounts.sk_account_id
    inner join {{ ref('dim_customer') }} as customers on balances.sk_customer_id = customers.sk_customer_id
),

final as (
    select
        days.calendar_qtr_id as quarter,
        flows.tier,
        count(distinct flows.account_id) as accounts,
        sum(case when flows.amount > 0 then flows.amount else 0 end) as inflow,
        sum(case when flows.amount < 0 then -flows.amount else 0 end) as outflow,
        sum(flows.amount) as net_flow
    from flows
    inner join {{ ref('dim_date') }} as days on flows.sk_date_id = days.sk_date_id
    group by days.calendar_qtr_id, flows.tier
)

select * from final
order by quarter, tier
