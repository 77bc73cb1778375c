{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'dim_customer',
        'reason': 'Otherwise versions of customers could be missing.',
    }
) }}
{{ never_stops_the_load() }}

with versions as (
    select
        batch_id,
        count(*) as row_count
    from {{ ref('dim_customer') }}
    group by batch_id
),

totals as (
    select
        batch_id,
        sum(
            case
                when attribute in ('C_NEW', 'C_INACT', 'C_UPDCUST') then value
                when attribute in ('C_ID_HIST') then -value
                else 0
            end
        ) as fewest
    from {{ ref('audit') }}
    where data_set = 'DimCustomer'
    group by batch_id
)

select
    totals.batch_id,
    totals.fewest,
    coalesce(versions.row_count, 0) as row_count
from totals
left join versions on totals.batch_id = versions.batch_id
where coalesce(versions.row_count, 0) < totals.fewest
