select
    count(*) filter (where close_price <= fifty_two_week_low * 1.05)
    || ' securities are within 5 % of their lowest price of 52 weeks, '
    || count(*) filter (where close_price >= fifty_two_week_high * 0.95) || ' within 5 % of their highest.'
from marts.security_performance
