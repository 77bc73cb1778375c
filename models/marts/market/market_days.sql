{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='day') }}

-- A security is weighted by its capitalisation at its previous price: the day's shares at that price and at
-- today's. One without a price on the day, or in the twenty trading days before it, drops out of both sums, so that
-- listings move nothing.
with history as (
    select * from {{ ref('fact_market_history') }}
),

securities as (
    select
        sk_security_id,
        shares_outstanding,
        dense_rank() over (order by symbol) as security_number
    from {{ ref('dim_security') }}
),

days as (
    select
        sk_date_id,
        row_number() over (order by sk_date_id) as day_number,
        max(batch_id) as batch_id
    from history
    group by sk_date_id
),

{% if is_incremental() -%}
first_new_day as (
    select min(day_number) as day_number
    from days
    where batch_id > {{ loaded_through() }}
),

{% endif -%}
prices as (
    select
        days.day_number,
        history.sk_security_id,
        securities.security_number,
        history.sk_date_id,
        history.close_price,
        history.volume,
        history.pe_ratio,
        history.sk_fifty_two_week_high_date,
        history.sk_fifty_two_week_low_date,
        securities.shares_outstanding,
        history.batch_id
    from history
    inner join days on history.sk_date_id = days.sk_date_id
    inner join securities on history.sk_security_id = securities.sk_security_id
    {% if is_incremental() -%}
    where days.day_number >= (select first_new_day.day_number - 20 from first_new_day)
    {%- endif %}
),

followed as (
    select
        *,
        day_number - lag(day_number) over earlier <= 20 as is_followed,
        lag(close_price) over earlier as close_before,
        lag(shares_outstanding) over earlier as shares_before
    from prices
    window earlier as (partition by security_number order by day_number)
),

changes as (
    select
        *,
        case when is_followed then close_before end as previous_close,
        case when is_followed then shares_before end as previous_shares
    from followed
    {% if is_incremental() -%}
    where day_number >= (select first_new_day.day_number from first_new_day)
    {%- endif %}
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
    group by sk_date_id
)

select * from final
