{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='symbol') }}

with postings as (
    select * from {{ ref('stg_newswire__security') }}
    {% if is_incremental() %}
    where symbol in (
        select symbol from {{ ref('stg_newswire__security') }} where batch_id > {{ loaded_through() }}
    )
    {% endif %}
),

companies as (
    select * from {{ ref('dim_company') }}
),

status_types as (
    select * from {{ ref('stg_reference__status_type') }}
),

company_references as (
    {{ company_references('companies') }}
),

resolved as (
    {{ resolve_company('postings', 'company_references') }}
),

ordered as (
    select
        *,
        cast(posted_at as date) as effective_date,
        lead(cast(posted_at as date)) over (
            partition by symbol
            order by batch_id, posted_at, line_number
        ) as next_date
    from resolved
),

states as (
    select
        ordered.*,
        status_types.status_name as status,
        coalesce(ordered.next_date, {{ end_of_time() }}) as end_date
    from ordered
    inner join status_types on ordered.status_id = status_types.status_id
    where ordered.next_date is null or ordered.next_date <> ordered.effective_date
),

-- Cut each state where its company's version changes, so that a version lies within its company's version.
versions as (
    select
        states.symbol,
        states.issue,
        states.status,
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
