{{ config(materialized='view') }}

-- One row per broker, with what may be shown of where they work: a branch of few brokers would name them.
with brokers as (
    select
        broker_id as person_key,
        'broker' as population,
        branch
    from {{ ref('dim_broker') }}
),

released as (
    {{ k_anonymous('brokers', ['branch'], var('k_anonymity')) | indent(4) }}
),

final as (
    select
        person_key as broker_id,
        branch
    from released
)

select * from final
