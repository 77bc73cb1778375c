{{ config(materialized='view') }}

with securities as (
    select
        securities.sk_security_id,
        securities.exchange_id,
        companies.industry
    from {{ ref('dim_security') }} as securities
    inner join {{ ref('dim_company') }} as companies on securities.sk_company_id = companies.sk_company_id
),

executions as (
    select
        executions.*,
        securities.exchange_id,
        securities.industry
    from {{ ref('executions') }} as executions
    inner join securities on executions.sk_security_id = securities.sk_security_id
),

final as (
    select
        closed_on,
        type,
        exchange_id,
        industry,
        cast(sum(case when status = 'Completed' then 1 else 0 end) as integer) as completed,
        cast(
            sum(case when status = 'Canceled' and closed_on = created_on then 1 else 0 end) as integer
        ) as canceled_same_day,
        cast(
            sum(case when status = 'Canceled' and closed_on <> created_on then 1 else 0 end) as integer
        ) as canceled_later,
        cast(sum(case when status = 'Completed' then quantity else 0 end) as bigint) as shares,
        cast(sum(traded_value) as decimal(18, 2)) as traded_value,
        cast(sum(case when status = 'Completed' then fee else 0 end) as decimal(18, 2)) as fees,
        cast(sum(case when status = 'Completed' then commission else 0 end) as decimal(18, 2)) as commission,
        cast(sum(case when status = 'Completed' then seconds_open else 0 end) as bigint) as seconds_to_fill,
        cast(sum(case when is_outside_day_range then 1 else 0 end) as integer) as outside_day_range,
        max(batch_id) as batch_id
    from executions
    group by closed_on, type, exchange_id, industry
)

select * from final
