-- One row per landed row: an account belongs to a customer of this batch or an earlier one, and has a broker.
with accounts as (
    select * from {{ ref('stg_brokerage__account') }}
),

customers as (
    select
        customer_id,
        min(batch_id) as first_batch_id
    from {{ ref('dim_customer') }}
    group by customer_id
),

brokers as (
    select * from {{ ref('dim_broker') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

checked as (
    select
        accounts.*,
        case
            when customers.customer_id is null then 'unknown_customer'
            when brokers.broker_id is null then 'unknown_broker'
            when status_types.status_id is null then 'unknown_status'
        end as reject_reason_code
    from accounts
    left join customers
        on
            accounts.customer_id = customers.customer_id
            and accounts.batch_id >= customers.first_batch_id
    left join brokers on accounts.broker_id = brokers.broker_id
    left join status_types on accounts.status_id = status_types.status_id
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_customer' then 'ca_c_id'
            when 'unknown_broker' then 'ca_b_id'
            when 'unknown_status' then 'ca_st_id'
        end as reject_column
    from checked
)

select * from resolved
