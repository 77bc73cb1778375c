{{ config(materialized='view') }}

-- A prospect belongs to the last list that named it, so its day is that list's.
with prospects as (
    select * from {{ ref('prospect') }}
),

released as (
    select * from {{ ref('nameplates_released') }}
),

final as (
    select
        {{ date_of('prospects.sk_record_date_id') }} as listed_on,
        released.nameplate,
        prospects.is_customer,
        cast(count(*) as integer) as prospects,
        max(prospects.batch_id) as batch_id
    from prospects
    inner join released on prospects.agency_id = released.agency_id
    group by prospects.sk_record_date_id, released.nameplate, prospects.is_customer
)

select * from final
