{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='symbol') }}

with postings as (
    select * from {{ ref('resolved_securities') }}
    {% if is_incremental() %}
    where symbol in (
        select symbol from {{ ref('resolved_securities') }} where batch_id > {{ loaded_through() }}
    )
    {% endif %}
),

companies as (
    select * from {{ ref('dim_company') }}
),

ordered as (
    select
        *,
        lead(effective_date) over (
            partition by symbol
            order by batch_id, posted_at, line_number
        ) as next_date
    from postings
    where reject_reason_code is null
),

states as (
    select
        *,
        coalesce(next_date, {{ end_of_time() }}) as end_date
    from ordered
    where next_date is null or next_date <> effective_date
),

-- Split each state where its company's version changes, so that a version lies within its company's version.
versions as (
    select
        states.symbol,
        states.issue,
        states.status_name as status,
        states.name,
        states.exchange_id,
        companies.sk_company_id,
        states.shares_outstanding,
        states.first_trade,
        states.first_trade_on_exchange,
        states.dividend,
        case
            when states.effective_date >= companies.effective_date then states.batch_id
            else companies.batch_id
        end as batch_id,
        greatest(states.effective_date, companies.effective_date) as effective_date,
        least(states.end_date, companies.end_date) as end_date
    from states
    inner join companies
        on
            states.company_id = companies.company_id
            and states.effective_date < companies.end_date
            and states.end_date > companies.effective_date
),

final as (
    select
        {{ text_version_key('symbol', 'effective_date') }} as sk_security_id,
        symbol,
        issue,
        status,
        name,
        exchange_id,
        sk_company_id,
        shares_outstanding,
        first_trade,
        first_trade_on_exchange,
        dividend,
        end_date = {{ end_of_time() }} as is_current,
        batch_id,
        effective_date,
        end_date
    from versions
)

select * from final
