with trades as (
    select * from {{ ref('dim_trade') }}
    where status = 'Completed'
),

final as (
    select
        days.calendar_qtr_id as quarter,
        brokers.broker_id,
        brokers.branch,
        count(*) as trades,
        sum(trades.trade_price * trades.quantity) as turnover,
        sum(trades.fee) as fees,
        sum(trades.commission) as commissions,
        sum(trades.fee + trades.commission) as revenue,
        rank() over (partition by days.calendar_qtr_id order by sum(trades.fee + trades.commission) desc)
            as place_in_quarter
    from trades
    inner join {{ ref('dim_broker') }} as brokers on trades.sk_broker_id = brokers.sk_broker_id
    inner join {{ ref('dim_date') }} as days on trades.sk_close_date_id = days.sk_date_id
    group by days.calendar_qtr_id, brokers.broker_id, brokers.branch
)

select * from final
order by quarter, place_in_quarter, broker_id
