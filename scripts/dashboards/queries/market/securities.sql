select
    symbol,
    company,
    industry,
    exchange_id as exchange,
    market_capitalisation,
    close_price,
    return_year,
    volatility,
    pe_ratio,
    1 as count
from marts.security_performance
order by market_capitalisation desc, symbol asc limit 2000
