{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'lots',
        'reason': 'Otherwise what accounts have gained and hold would not follow from what they paid and got.',
    }
) }}
{{ never_stops_the_load() }}

-- Shares, and what was paid for them less what was got, of each account and security: over all changes of its holdings,
-- and over its lots, in two ways.
with changes as (
    select
        account_id,
        symbol,
        sum(quantity_change) as quantity,
        sum(quantity_change * price) as paid
    from {{ ref('holding_changes') }}
    group by account_id, symbol
),

held as (
    select
        accounts.account_id,
        lots.symbol,
        sum(
            case
                when lots.closing_trade_id is null and lots.direction = 'Long' then lots.quantity
                when lots.closing_trade_id is null then -lots.quantity
            end
        ) as quantity,
        sum(lots.cost - coalesce(lots.proceeds, 0)) as paid,
        sum(case when lots.closing_trade_id is null then lots.cost else 0 - lots.realised_gain end) as paid_by_gains
    from {{ ref('lots') }} as lots
    inner join {{ ref('dim_trade') }} as trades on lots.opening_trade_id = trades.trade_id
    inner join {{ ref('dim_account') }} as accounts on trades.sk_account_id = accounts.sk_account_id
    group by accounts.account_id, lots.symbol
),

compared as (
    select
        coalesce(changes.account_id, held.account_id) as account_id,
        coalesce(changes.symbol, held.symbol) as symbol,
        coalesce(changes.quantity, 0) as expected_quantity,
        coalesce(held.quantity, 0) as quantity,
        coalesce(changes.paid, 0) as expected_paid,
        coalesce(held.paid, 0) as paid,
        coalesce(held.paid_by_gains, 0) as paid_by_gains
    from changes
    full outer join held
        on
            changes.account_id = held.account_id
            and changes.symbol = held.symbol
)

select *
from compared
where
    quantity <> expected_quantity
    or paid <> expected_paid
    or paid_by_gains <> expected_paid
