select
    valued_on as day,
    industry,
    capitalisation,
    case when pe_ratio > 0 then capitalisation / pe_ratio else 0 end::decimal(28, 2) as earnings,
    case when pe_ratio > 0 then capitalisation else 0 end::decimal(28, 2) as capitalisation_with_earnings,
    securities,
    with_earnings
from marts.industry_months
order by 1, 2
