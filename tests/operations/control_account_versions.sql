{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'dim_account',
        'reason': 'Otherwise versions of accounts could be missing.',
    }
) }}
{{ never_stops_the_load() }}

with versions as (
    select
        batch_id,
        count(*) as row_count
    from {{ ref('dim_account') }}
    group by batch_id
),

totals as (
    select
        batch_id,
        sum(
            case
                when attribute in ('CA_ADDACCT', 'CA_CLOSEACCT', 'CA_UPDACCT') then value
                when attribute in ('CA_ID_HIST') then -value
                else 0
            end
        ) as fewest
    from {{ ref('audit') }}
    where data_set = 'DimAccount'
    group by batch_id
)

select
    totals.batch_id,
    totals.fewest,
    coalesce(versions.row_count, 0) as row_count
from totals
left join versions on totals.batch_id = versions.batch_id
where coalesce(versions.row_count, 0) < totals.fewest
