-- What became of the faults in `outcomes`, one row per kind and strength; all columns are text.
select
    kind,
    format('{:g}', strength) as strength_text,
    rtrim(file || '.' || "column", '.') as place,
    count(found_in) || ' of ' || count(*) as found,
    coalesce(min(found_in - batch) || ' to ' || max(found_in - batch), '') as batches_later
from outcomes
group by kind, strength, file, "column"
order by list_position($kinds::varchar[], kind), strength desc
