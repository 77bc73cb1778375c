{{ config(
    meta={
        'dimension': 'timeliness',
        'model': 'fact_cash_balances',
        'reason': 'Otherwise a row could be dated outside the batch that brought it.',
    }
) }}
{{ never_stops_the_load() }}

-- Prices are those of the day before; limit orders may have been created earlier.
with days as (
    select
        batch_id,
        {{ date_id('batch_date') }} as day_id,
        {{ date_id(dbt.dateadd('day', -1, 'batch_date')) }} as day_before_id
    from {{ ref('batches') }}
),

dated as (
    select
        'fact_cash_balances' as table_name,
        batch_id,
        sk_date_id as date_id
    from {{ ref('fact_cash_balances') }}
    union all
    select
        'fact_holdings' as table_name,
        batch_id,
        sk_date_id as date_id
    from {{ ref('fact_holdings') }}
    union all
    select
        'fact_watches placed' as table_name,
        first_batch_id as batch_id,
        sk_date_id_date_placed as date_id
    from {{ ref('fact_watches') }}
    union all
    select
        'fact_watches removed' as table_name,
        batch_id,
        sk_date_id_date_removed as date_id
    from {{ ref('fact_watches') }}
    where sk_date_id_date_removed is not null
    union all
    select
        'dim_trade' as table_name,
        first_batch_id as batch_id,
        sk_create_date_id as date_id
    from {{ ref('dim_trade') }}
    where type in ('Market Buy', 'Market Sell')
    union all
    select
        'dim_trade closed' as table_name,
        batch_id,
        sk_close_date_id as date_id
    from {{ ref('dim_trade') }}
    where sk_close_date_id is not null
),

outside as (
    select
        dated.table_name,
        dated.batch_id,
        count(*) as row_count
    from dated
    inner join days on dated.batch_id = days.batch_id
    where
        dated.date_id > days.day_id
        or (dated.batch_id > 1 and dated.date_id < days.day_id)
    group by dated.table_name, dated.batch_id
    union all
    select
        'fact_market_history' as table_name,
        facts.batch_id,
        count(*) as row_count
    from {{ ref('fact_market_history') }} as facts
    inner join days on facts.batch_id = days.batch_id
    where
        facts.sk_date_id > days.day_id
        or (facts.batch_id > 1 and facts.sk_date_id <> days.day_before_id)
    group by facts.batch_id
)

select * from outside
