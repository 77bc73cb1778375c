-- Tables whose rows an erasure keeps, and their columns that can be summed.
select
    table_schema || '.' || table_name as relation,
    coalesce(list(column_name order by column_name) filter (where column_name <> 'batch_id'), []) as columns
from information_schema.columns
where
    table_catalog = current_database()
    and table_schema in ('core', 'staging')
    and (column_name = 'batch_id' or data_type like 'DECIMAL%' or column_name in ('quantity', 'current_holding'))
group by all
order by all
