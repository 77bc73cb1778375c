{{ config(materialized='table') }}

-- One row a rule: how many are due on the day of the last batch. Counts only; who they are, the command `make retention`
-- finds out when it acts. Erased persons are done with.
with rules as (
    select * from {{ ref('retention_rules') }}
),

today as (
    select max(batch_date) as batch_date from {{ ref('stg_reference__batch_date') }}
),

batch_dates as (
    select * from {{ ref('stg_reference__batch_date') }}
),

calendar as (
    select
        sk_date_id,
        date_value
    from {{ ref('stg_reference__date') }}
),

-- A customer is inactive since the first of the versions that follow the last active one.
inactive_customers as (
    select
        customer_id,
        min(effective_date) as since
    from {{ ref('dim_customer') }} as versions
    where
        status = 'Inactive'
        and coalesce(last_name, '') not like 'ERASED %'
        and not exists (
            select 1 from {{ ref('dim_customer') }} as later
            where
                versions.customer_id = later.customer_id
                and later.effective_date > versions.effective_date
                and later.status <> 'Inactive'
        )
    group by customer_id
),

subjects as (
    select
        'customer' as subject,
        since
    from inactive_customers
    union all
    select
        'prospect' as subject,
        calendar.date_value as since
    from {{ ref('prospect') }} as prospects
    inner join calendar on prospects.sk_record_date_id = calendar.sk_date_id
    where coalesce(prospects.last_name, '') not like 'ERASED %'
    union all
    select
        'rejected_row' as subject,
        batch_dates.batch_date as since
    from {{ ref('rejected_rows') }} as rejects
    inner join batch_dates on rejects.batch_id = batch_dates.batch_id
    where rejects.raw_text is not null
),

final as (
    select
        rules.rule,
        rules.subject,
        rules.keep_days,
        rules.action,
        today.batch_date as judged_on,
        count(subjects.since) as subject_count,
        count(
            case when {{ dbt.dateadd('day', 'rules.keep_days', 'subjects.since') }} <= today.batch_date then 1 end
        ) as due_count,
        min(subjects.since) as oldest_since
    from rules
    cross join today
    left join subjects on rules.subject = subjects.subject
    group by rules.rule, rules.subject, rules.keep_days, rules.action, today.batch_date
)

select * from final
