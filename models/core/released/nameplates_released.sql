{{ config(materialized='view') }}

-- One row per prospect, with what may be counted of it. Whatever a prospect is counted by beside the nameplate parts
-- prospects first, so that each number of a nameplate stands for at least five.
with prospects as (
    select
        agency_id as person_key,
        sk_record_date_id || case when is_customer then ' customer' else ' prospect' end as population,
        pii_nameplate(marketing_nameplate) as nameplate
    from {{ ref('prospect') }}
),

released as (
    {{ k_anonymous('prospects', ['nameplate'], var('k_anonymity')) | indent(4) }}
),

final as (
    select
        person_key as agency_id,
        nameplate
    from released
)

select * from final
