select printf('Clients owe %.1f for every 100 they hold in securities.', -100.0 * sum(cash) / sum(holdings_value))
from marts.broker_months
where month = (select max(months.month) from marts.broker_months as months)
having sum(cash) < 0
