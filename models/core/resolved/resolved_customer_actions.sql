-- One row per landed action: its customer, broker and account are known by then. A customer is
-- known from a NEW action with a known broker on, an account from the NEW or ADDACCT that opened it.
with actions as (
    select
        *,
        {{ document_order('landed_file', 'byte_offset') }} as event_sequence,
        cast(
            row_number() over (order by action_at, {{ document_order('landed_file', 'byte_offset') }}) as bigint
        ) as action_number
    from {{ ref('stg_crm__customer_mgmt') }}
),

brokers as (
    select cast(broker_id as {{ dbt.type_string() }}) as broker_id from {{ ref('dim_broker') }}
),

with_brokers as (
    select
        actions.*,
        brokers.broker_id is not null
        or (actions.broker_id is null and actions.action_type not in ('NEW', 'ADDACCT')) as has_broker
    from actions
    left join brokers on actions.broker_id = brokers.broker_id
),

customers as (
    select
        customer_id,
        min(action_number) as first_action
    from with_brokers
    where
        action_type = 'NEW'
        and has_broker
    group by customer_id
),

accounts as (
    select
        with_brokers.account_id,
        min(with_brokers.action_number) as first_action
    from with_brokers
    inner join customers
        on
            with_brokers.customer_id = customers.customer_id
            and with_brokers.action_number >= customers.first_action
    where
        with_brokers.action_type in ('NEW', 'ADDACCT')
        and with_brokers.has_broker
    group by with_brokers.account_id
),

checked as (
    select
        with_brokers.*,
        cast(with_brokers.action_at as date) as effective_date,
        case
            when with_brokers.action_type <> 'NEW' and customers.customer_id is null then 'unknown_customer'
            when
                with_brokers.action_type = 'NEW' and customers.first_action < with_brokers.action_number
                then 'known_customer'
            when not with_brokers.has_broker then 'unknown_broker'
            when
                with_brokers.action_type in ('UPDACCT', 'CLOSEACCT') and accounts.account_id is null
                then 'unknown_account'
            when
                with_brokers.action_type in ('NEW', 'ADDACCT') and accounts.first_action < with_brokers.action_number
                then 'known_account'
        end as reject_reason_code
    from with_brokers
    left join customers
        on
            with_brokers.customer_id = customers.customer_id
            and with_brokers.action_number >= customers.first_action
    left join accounts
        on
            with_brokers.account_id = accounts.account_id
            and with_brokers.action_number >= accounts.first_action
),

resolved as (
    select
        *,
        case reject_reason_code
            when 'unknown_customer' then 'c_id'
            when 'known_customer' then 'c_id'
            when 'unknown_broker' then 'ca_b_id'
            when 'unknown_account' then 'ca_id'
            when 'known_account' then 'ca_id'
        end as reject_column
    from checked
)

select * from resolved
