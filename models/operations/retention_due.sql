{{ config(materialized='view') }}

-- One row per rule: how many are due on the day of the last batch. Counts only; `make retention` finds out who they
-- are. Erased persons are left out.
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

-- A customer is inactive since the first of the versions that no active one follows.
last_active as (
    select
        customer_id,
        max(effective_date) as effective_date
    from {{ ref('dim_customer') }}
    where status <> 'Inactive'
    group by customer_id
),

inactive_customers as (
    select
        versions.customer_id,
        min(versions.effective_date) as since
    from {{ ref('dim_customer') }} as versions
    left join last_active on versions.customer_id = last_active.customer_id
    where
        versions.status = 'Inactive'
        and coalesce(versions.last_name, '') not like 'ERASED %'
        and (last_active.effective_date is null or versions.effective_date > last_active.effective_date)
    group by versions.customer_id
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
