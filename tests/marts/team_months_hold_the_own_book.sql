{{ config(
    meta={
        'dimension': 'consistency',
        'model': 'team_months',
        'reason': "Otherwise a manager's own clients would be missing from the team.",
    }
) }}
{{ never_stops_the_load() }}

-- A team is no smaller than its manager's own book, and than all books of those who report to the manager.
with reports as (
    select
        pii_key('broker', manager_id) as manager_id,
        pii_key('broker', broker_id) as broker_id
    from {{ ref('dim_broker') }}
    where is_current
    union
    select
        pii_key('broker', broker_id) as manager_id,
        pii_key('broker', broker_id) as broker_id
    from {{ ref('dim_broker') }}
    where is_current
),

books as (
    select
        months.month_id,
        reports.manager_id,
        count(*) as brokers,
        sum(months.clients) as clients,
        sum(months.trades) as trades,
        sum(months.revenue) as revenue
    from {{ ref('broker_months') }} as months
    inner join reports on months.broker_id = reports.broker_id
    group by months.month_id, reports.manager_id
)

select
    teams.month_id,
    teams.manager_id,
    books.brokers as expected_brokers,
    teams.brokers
from {{ ref('team_months') }} as teams
inner join books
    on
        teams.month_id = books.month_id
        and teams.manager_id = books.manager_id
where
    teams.brokers < books.brokers
    or teams.clients < books.clients
    or teams.trades < books.trades
    or teams.revenue < books.revenue
