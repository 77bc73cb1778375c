{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='account_id') }}

with account_events as (
    select * from {{ ref('taken_account_events') }}
),

{% if is_incremental() -%}
-- Accounts with new events, and the accounts of customers with new versions.
affected as (
    select account_id
    from account_events
    where batch_id > {{ loaded_through() }}
    union
    select account_id
    from account_events
    where customer_id in (select customer_id from {{ ref('dim_customer') }} where batch_id > {{ loaded_through() }})
),

{% endif -%}
own_events as (
    select * from account_events
    where {{ 'account_id in (select account_id from affected)' if is_incremental() else 'true' }}
),

owners as (
    select distinct
        account_id,
        customer_id
    from own_events
),

events as (
    select
        account_id,
        customer_id,
        null as inactive_customer_id,
        event_date,
        event_at,
        event_sequence,
        is_full_image,
        status,
        sk_broker_id,
        account_desc,
        tax_status,
        batch_id
    from own_events
    union all
    -- A customer who becomes inactive makes all accounts known then inactive. In later batches that precedes the day's
    -- account rows, so that the status in an account's own row stands.
    select
        owners.account_id,
        null as customer_id,
        owners.customer_id as inactive_customer_id,
        closings.event_date,
        closings.event_at,
        case when closings.batch_id = 1 then closings.event_sequence else -9223372036854775807 end as event_sequence,
        false as is_full_image,
        'Inactive' as status,
        null as sk_broker_id,
        null as account_desc,
        null as tax_status,
        closings.batch_id
    from {{ ref('taken_customer_events') }} as closings
    inner join owners on closings.customer_id = owners.customer_id
    where closings.status = 'Inactive'
),

owned as (
    select
        *,
        {{ last_known('customer_id', 'history') }} as owner_id,
        max(case when is_full_image then 1 else 0 end) over history as is_known
    from events
    window history as (
        partition by account_id
        order by batch_id, event_at, event_sequence
        rows between unbounded preceding and current row
    )
),

states as (
    select
        account_id,
        batch_id,
        owner_id as customer_id,
        {{ last_known('status', 'history') }} as status,
        {{ last_known('sk_broker_id', 'history') }} as sk_broker_id,
        nullif({{ last_known('account_desc', 'history') }}, '') as account_desc,
        nullif({{ last_known('tax_status', 'history') }}, '') as tax_status,
        event_date as effective_date,
        lead(event_date, 1, {{ end_of_time() }})
            over (partition by account_id order by batch_id, event_at, event_sequence) as end_date
    from owned
    -- Only the accounts that the customer owns at that time.
    where
        is_known = 1
        and (inactive_customer_id is null or inactive_customer_id = owner_id)
    window history as (
        partition by account_id
        order by batch_id, event_at, event_sequence
        rows between unbounded preceding and current row
    )
),

-- Split each state where its customer's version changes, so that it lies within one. A day's last state counts.
versions as (
    select
        states.account_id,
        states.sk_broker_id,
        customers.sk_customer_id,
        -- In batch 1, an account is also inactive when it is opened for, or moved to, an inactive customer.
        case
            when customers.status = 'Inactive' and states.batch_id = 1 then 'Inactive'
            else states.status
        end as status,
        states.account_desc,
        cast(states.tax_status as integer) as tax_status,
        case
            when states.effective_date >= customers.effective_date then states.batch_id
            else customers.batch_id
        end as batch_id,
        greatest(states.effective_date, customers.effective_date) as effective_date,
        least(states.end_date, customers.end_date) as end_date
    from states
    inner join {{ ref('dim_customer') }} as customers
        on
            states.customer_id = customers.customer_id
            and states.effective_date < customers.end_date
            and states.end_date > customers.effective_date
    where states.effective_date <> states.end_date
),

final as (
    select
        {{ version_key('account_id', 'effective_date') }} as sk_account_id,
        account_id,
        sk_broker_id,
        sk_customer_id,
        status,
        account_desc,
        tax_status,
        end_date = {{ end_of_time() }} as is_current,
        batch_id,
        effective_date,
        end_date
    from versions
)

select * from final
