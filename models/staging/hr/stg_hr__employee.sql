with source as (
    {{ read_landed(source('hr', 'employee')) }}
),

renamed as (
    select
        employee_id,
        manager_id,

        employee_first_name as first_name,
        employee_last_name as last_name,
        employee_mi as middle_initial,
        employee_job_code as job_code,
        employee_branch as branch,
        employee_office as office,
        employee_phone as phone,

        batch_id
    from source
)

select * from renamed
