select count(*) || ' clients bought so much on credit that less than a tenth of their securities is their own.'
from marts.client_360
where cash < 0 and holdings_value > 0 and assets < holdings_value / 10
having count(*) > 0
