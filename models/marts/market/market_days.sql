{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='day') }}

-- One security counts with its capitalisation of the day before: yesterday's shares at yesterday's and at today's price.
-- A security without a price on the day, or in the 31 days before it, drops out of both sums, so that listings move
-- nothing.
with history as (
    select * from {{ ref('fact_market_history') }}
),

{% if is_incremental() -%}
first_new_day as (
    select min(sk_date_id) as sk_date_id
    from history
    where batch_id > {{ loaded_through() }}
),

{% endif -%}
prices as (
    select
        securities.symbol,
        securities.shares_outstanding,
        history.*
    from history
    inner join {{ ref('dim_security') }} as securities on history.sk_security_id = securities.sk_security_id
    {% if is_incremental() -%}
    where
        history.sk_date_id >= (
            select {{ date_id(date_of('first_new_day.sk_date_id') ~ " - interval '31' day") }} from first_new_day
        )
    {%- endif %}
),

followed as (
    select
        *,
        {{ dbt.datediff(date_of('lag(sk_date_id) over earlier'), date_of('sk_date_id'), 'day') }} <= 31 as is_followed,
        lag(close_price) over earlier as close_before,
        lag(shares_outstanding) over earlier as shares_before
    from prices
    window earlier as (partition by symbol order by sk_date_id)
),

changes as (
    select
        *,
        case when is_followed then close_before end as previous_close,
        case when is_followed then shares_before end as previous_shares
    from followed
),

final as (
    select
        {{ date_of('sk_date_id') }} as day,
        cast(count(*) as integer) as securities,
        cast(sum(case when close_price > previous_close then 1 else 0 end) as integer) as advances,
        cast(sum(case when close_price < previous_close then 1 else 0 end) as integer) as declines,
        cast(sum(case when sk_fifty_two_week_high_date = sk_date_id then 1 else 0 end) as integer) as new_highs,
        cast(sum(case when sk_fifty_two_week_low_date = sk_date_id then 1 else 0 end) as integer) as new_lows,
        cast(sum(volume) as bigint) as volume,
        cast(sum(volume * cast(close_price as decimal(28, 2))) as decimal(28, 2)) as turnover,
        cast(sum(case when pe_ratio is null then 0 else 1 end) as integer) as with_earnings,
        cast(sum(previous_shares * cast(previous_close as decimal(28, 2))) as decimal(28, 2)) as capitalisation_before,
        cast(
            sum(case when previous_close is not null then previous_shares * cast(close_price as decimal(28, 2)) end)
            as decimal(28, 2)
        ) as capitalisation_after,
        max(batch_id) as batch_id
    from changes
    {% if is_incremental() -%}
    where sk_date_id >= (select first_new_day.sk_date_id from first_new_day)
    {%- endif %}
    group by sk_date_id
)

select * from final
