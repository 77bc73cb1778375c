-- An account keeps its row after it has sold everything, so any account that ever moved something has one.
with cash as (
    select
        accounts.account_id,
        {{ month_id('balances.sk_date_id') }} as month_id,
        max(balances.sk_date_id) as last_date_id,
        {{ latest_by('balances.cash', 'balances.sk_date_id') }} as cash,
        {{ latest_by('balances.batch_id', 'balances.sk_date_id') }} as batch_id
    from {{ ref('fact_cash_balances') }} as balances
    inner join {{ ref('dim_account') }} as accounts on balances.sk_account_id = accounts.sk_account_id
    group by accounts.account_id, {{ month_id('balances.sk_date_id') }}
),

-- A trade can sell what another account bought, so shares are added up by account.
moves as (
    select
        account_id,
        symbol,
        {{ month_id('sk_date_id') }} as month_id,
        max(sk_date_id) as last_date_id,
        sum(quantity_change) as quantity_change,
        max(batch_id) as batch_id
    from {{ ref('holding_changes') }}
    group by account_id, symbol, {{ month_id('sk_date_id') }}
),

-- In a CTE of its own: Spark's grammar has a named window only at the end of a query.
shares as (
    select
        account_id,
        symbol,
        month_id,
        last_date_id,
        sum(quantity_change) over along as quantity,
        max(batch_id) over along as batch_id
    from moves
    window along as (partition by account_id, symbol order by month_id)
),

changes as (
    select
        account_id,
        'Cash' as item,
        cast(null as string) as symbol,
        month_id,
        last_date_id,
        cash,
        0 as quantity,
        batch_id
    from cash
    union all
    select
        account_id,
        'Shares' as item,
        symbol,
        month_id,
        last_date_id,
        0 as cash,
        quantity,
        batch_id
    from shares
    union all
    select
        account_id,
        'Account' as item,
        cast(null as string) as symbol,
        min(month_id) as month_id,
        max(last_date_id) as last_date_id,
        0 as cash,
        0 as quantity,
        min(first_batch_id) as batch_id
    from {{ ref('account_moves') }}
    group by account_id
),

spans as (
    select
        *,
        lead(month_id, 1, 999912) over (partition by account_id, item, symbol order by month_id) as next_month_id
    from changes
),

final as (
    select
        account_id,
        item,
        symbol,
        month_id,
        next_month_id,
        last_date_id,
        cast(cash as decimal(18, 2)) as cash,
        cast(quantity as bigint) as quantity,
        batch_id
    from spans
    where
        item <> 'Shares'
        or quantity <> 0
)

select * from final
