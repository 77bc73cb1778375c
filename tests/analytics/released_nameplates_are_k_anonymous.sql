{{ config(
    severity='error',
    meta={
        'dimension': 'validity',
        'model': 'nameplates_released',
        'reason': 'Otherwise the numbers could reveal the nameplate of a prospect.',
    }
) }}
{{ never_stops_the_load() }}

-- Without it, a count of the funnel could cover so few prospects that it reveals their nameplate. The day and
-- whether they are customers part the prospects first, as the funnel does.
with prospects as (
    select
        prospects.agency_id,
        prospects.sk_record_date_id,
        prospects.is_customer,
        released.nameplate
    from {{ ref('nameplates_released') }} as released
    inner join {{ ref('prospect') }} as prospects on released.agency_id = prospects.agency_id
),

too_few as (
    {{ too_few_persons('prospects', 'agency_id', ['nameplate'], '(sk_record_date_id, is_customer)') | indent(4) }}
)

select * from too_few
