-- A prospect with several tags counts under each of them, so tags do not add up to the total.
with tags as (
    select 'HighValue' as tag
    union all
    select 'Expenses' as tag
    union all
    select 'Boomer' as tag
    union all
    select 'MoneyAlert' as tag
    union all
    select 'Spender' as tag
    union all
    select 'Inherited' as tag
    union all
    select '(none)' as tag
),

prospects as (
    select
        agency_id,
        is_customer,
        net_worth,
        income,
        '+' || coalesce(marketing_nameplate, '(none)') || '+' as nameplate
    from {{ ref('prospect') }}
),

final as (
    select
        tags.tag,
        count(*) as prospects,
        count(case when prospects.is_customer then 1 end) as customers,
        count(case when prospects.is_customer then 1 end) * 1.0 / count(*) as conversion,
        avg(prospects.net_worth) as average_net_worth,
        avg(prospects.income) as average_income
    from prospects
    inner join tags on prospects.nameplate like '%+' || tags.tag || '+%'
    group by tags.tag
)

select * from final
order by conversion desc, tag asc
