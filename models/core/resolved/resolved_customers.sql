-- One row per landed row: a customer has a known status. Tax rates are optional.
with customers as (
    select * from {{ ref('stg_brokerage__customer') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

checked as (
    select
        customers.*,
        case
            when status_types.status_id is null then 'unknown_status'
        end as reject_reason_code
    from customers
    left join status_types on customers.status_id = status_types.status_id
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_status' then 'c_st_id'
        end as reject_column
    from checked
)

select * from resolved
