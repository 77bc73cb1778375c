-- Control totals that do not agree, and what is known of the difference.
select *
from operations.control_results
where outcome in ('differs', 'unusable', 'accepted')
order by outcome = 'accepted' asc, batch_id desc, control asc
