{{ config(
    meta={
        'dimension': 'completeness',
        'model': 'dim_customer',
        'reason': 'Otherwise a customer who left could still count as active.',
    }
) }}
{{ never_stops_the_load() }}

with inactive as (
    select count(*) as row_count
    from {{ ref('dim_customer') }}
    where
        is_current
        and status = 'Inactive'
),

totals as (
    select sum(value) as control_total
    from {{ ref('audit') }}
    where
        data_set = 'DimCustomer'
        and attribute = 'C_INACT'
)

select
    inactive.row_count,
    totals.control_total
from inactive
cross join totals
where inactive.row_count <> totals.control_total
