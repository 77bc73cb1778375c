{%- set texts = [
    'tax_id', 'status', 'last_name', 'first_name', 'middle_initial', 'address_line1', 'address_line2', 'postal_code', 'city',
    'state_prov', 'country', 'phone1', 'phone2', 'phone3', 'email1', 'email2'
] -%}
{%- set demographics = ['agency_id', 'credit_rating', 'net_worth', 'marketing_nameplate'] -%}
{%- set properties = texts + ['gender', 'tier', 'dob', 'local_tax_id', 'national_tax_id'] -%}
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='customer_id') }}

with prospect_versions as (
    select
        agency_id,
        credit_rating,
        net_worth,
        marketing_nameplate,
        match_key,
        batch_id as from_batch,
        lead(batch_id, 1, 2147483647) over (partition by agency_id order by batch_id) as before_batch
    from {{ ref('int_prospect_versions') }}
),

latest as (
    select max(batch_id) as batch_id from {{ ref('stg_reference__batch_date') }}
),

{% if is_incremental() -%}
current_matches as (
    select
        match_key,
        min(agency_id) as agency_id
    from prospect_versions
    where before_batch = 2147483647
    group by match_key
),

-- Customers with new events, and those whose prospect appeared, changed or moved.
affected as (
    select customer_id
    from {{ ref('taken_customer_events') }}
    where batch_id > {{ loaded_through() }}
    union
    select customers.customer_id
    from {{ this }} as customers
    left join current_matches
        on current_matches.match_key = {{ person_match_key(
            'customers.last_name', 'customers.first_name', 'customers.address_line1', 'customers.address_line2',
            'customers.postal_code'
        ) }}
    left join prospect_versions
        on
            current_matches.agency_id = prospect_versions.agency_id
            and prospect_versions.before_batch = 2147483647
    where
        customers.is_current
        and (
            {% for property in demographics -%}
            {{ 'or ' if not loop.first }}customers.{{ property }} is distinct from prospect_versions.{{ property }}
            {% endfor %}
        )
),

{% endif -%}
events as (
    select *
    from {{ ref('taken_customer_events') }}
    {% if is_incremental() %}
    where customer_id in (select customer_id from affected)
    {% endif %}
),

-- Carry every property forward over all events first: only then may the last event of a day represent the day.
carried as (
    select
        customer_id,
        event_date,
        batch_id,
        {% for property in properties -%}
        nullif({{ last_known(property, 'history') }}, '') as {{ property }},
        {% endfor -%}
        lead(event_date) over (partition by customer_id order by batch_id, event_at, event_sequence) as next_date,
        lead(batch_id) over (partition by customer_id order by batch_id, event_at, event_sequence) as next_batch
    from events
    window history as (
        partition by customer_id
        order by batch_id, event_at, event_sequence
        rows between unbounded preceding and current row
    )
),

versions as (
    select
        carried.*,
        {{ version_key('customer_id', 'event_date') }} as sk_customer_id,
        {{ person_match_key('last_name', 'first_name', 'address_line1', 'address_line2', 'postal_code') }} as match_key,
        -- The list that a version's demographics come from: the latest while it is current, else the last one that
        -- left it current.
        case
            when carried.next_batch is null then latest.batch_id
            else greatest(carried.batch_id, carried.next_batch - 1)
        end as list_batch
    from carried
    cross join latest
    where carried.next_date is null or carried.next_date <> carried.event_date
),

matches as (
    select
        versions.sk_customer_id,
        {% for property in demographics -%}
        prospect_versions.{{ property }},
        {% endfor -%}
        row_number() over (partition by versions.sk_customer_id order by prospect_versions.agency_id) as choice
    from versions
    inner join prospect_versions
        on
            versions.match_key = prospect_versions.match_key
            and versions.list_batch >= prospect_versions.from_batch
            and versions.list_batch < prospect_versions.before_batch
),

final as (
    select
        versions.sk_customer_id,
        versions.customer_id,
        {% for property in texts -%}
        versions.{{ property }},
        {% endfor -%}
        case when upper(versions.gender) in ('M', 'F') then upper(versions.gender) else 'U' end as gender,
        cast(versions.tier as integer) as tier,
        cast(versions.dob as date) as dob,
        national.tax_name as national_tax_rate_desc,
        national.tax_rate as national_tax_rate,
        local_rates.tax_name as local_tax_rate_desc,
        local_rates.tax_rate as local_tax_rate,
        {% for property in demographics -%}
        matches.{{ property }},
        {% endfor -%}
        versions.next_date is null as is_current,
        versions.batch_id,
        versions.event_date as effective_date,
        coalesce(versions.next_date, {{ end_of_time() }}) as end_date
    from versions
    left join matches
        on
            versions.sk_customer_id = matches.sk_customer_id
            and matches.choice = 1
    left join {{ ref('stg_reference__tax_rate') }} as national on versions.national_tax_id = national.tax_id
    left join {{ ref('stg_reference__tax_rate') }} as local_rates on versions.local_tax_id = local_rates.tax_id
)

select * from final
