{{ config(materialized='incremental', incremental_strategy='append') }}

with employees as (
    select * from {{ ref('stg_hr__employee') }}
    where
        job_code = 314
        and {{ is_new_batch() }}
),

calendar as (
    select min(date_value) as first_day from {{ ref('dim_date') }}
),

final as (
    select
        {{ version_key('employees.employee_id', 'calendar.first_day') }} as sk_broker_id,
        employees.employee_id as broker_id,
        employees.manager_id,
        employees.first_name,
        employees.last_name,
        employees.middle_initial,
        employees.branch,
        employees.office,
        employees.phone,
        true as is_current,
        employees.batch_id,
        calendar.first_day as effective_date,
        {{ end_of_time() }} as end_date
    from employees
    cross join calendar
)

select * from final
