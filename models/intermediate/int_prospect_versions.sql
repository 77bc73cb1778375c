{%- set content = [
    'last_name', 'first_name', 'middle_initial', 'gender', 'address_line1', 'address_line2', 'postal_code', 'city',
    'state', 'country', 'phone', 'income', 'number_cars', 'number_children', 'marital_status', 'age', 'credit_rating',
    'own_or_rent_flag', 'employer', 'number_credit_cards', 'net_worth'
] -%}
{{ config(materialized='incremental', incremental_strategy='append') }}

-- One row per prospect and batch whose list brought new content for it. Lists are complete, but a prospect that is
-- dropped from them keeps its last known values.
with new_lists as (
    select *
    from {{ ref('stg_marketing__prospect') }}
    where {{ is_new_batch() }}
),

{% if is_incremental() -%}
latest_known as (
    select
        agency_id,
        max(batch_id) as batch_id
    from {{ this }}
    group by agency_id
),

known as (
    select
        versions.agency_id,
        {% for column in content -%}
        versions.{{ column }},
        {% endfor -%}
        versions.batch_id,
        true as is_known
    from {{ this }} as versions
    inner join latest_known
        on
            versions.agency_id = latest_known.agency_id
            and versions.batch_id = latest_known.batch_id
),

{% endif -%}
listings as (
    select
        agency_id,
        {% for column in content -%}
        {{ column }},
        {% endfor -%}
        batch_id,
        false as is_known
    from new_lists
    {% if is_incremental() -%}
    union all
    select * from known
    {% endif %}
),

fingerprinted as (
    select
        *,
        md5(
            {% for column in content -%}
            coalesce(cast({{ column }} as string), '') {{ "|| chr(31) ||" if not loop.last }}
            {% endfor -%}
        ) as fingerprint
    from listings
),

compared as (
    select
        *,
        lag(fingerprint) over (partition by agency_id order by batch_id) as previous_fingerprint
    from fingerprinted
),

changed as (
    select *
    from compared
    where
        not is_known
        and (previous_fingerprint is null or fingerprint <> previous_fingerprint)
),

versions as (
    select
        agency_id,
        {% for column in content -%}
        {{ column }},
        {% endfor -%}
        {{ marketing_nameplate(
            'net_worth', 'income', 'number_children', 'number_credit_cards', 'age', 'credit_rating', 'number_cars'
        ) }} as marketing_nameplate,
        {{ person_match_key(
            'last_name', 'first_name', 'address_line1', 'address_line2', 'postal_code'
        ) }} as match_key,
        previous_fingerprint is null as is_first,
        batch_id
    from changed
)

select * from versions
