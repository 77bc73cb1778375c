with source as (
    {{ read_landed(source('newswire', 'security')) }}
),

renamed as (
    select
        symbol,
        co_name_or_cik,
        pts as posted_at,

        issue_type as issue,
        status as status_id,
        name,
        ex_id as exchange_id,
        sh_out as shares_outstanding,
        first_trade_date as first_trade,
        first_trade_exchg as first_trade_on_exchange,
        dividend,

        landed_file,
        line_number,
        batch_id
    from source
)

select * from renamed
