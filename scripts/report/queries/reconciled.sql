-- Sources and batches of which a row was rejected, lost, or not counted by the source.
select *
from operations.reconciliation
where rejected_rows > 0 or lost_rows <> 0 or difference <> 0
order by abs(lost_rows) desc, batch_id desc, source_name asc
