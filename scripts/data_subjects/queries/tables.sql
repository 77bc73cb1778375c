-- One row per table, with its columns and their types. A view holds no rows of its own.
select
    columns.schema_name,
    columns.table_name,
    list((columns.column_name, columns.data_type) order by columns.column_index) as columns
from duckdb_columns() as columns
inner join duckdb_tables() as tables
    on
        columns.database_name = tables.database_name
        and columns.schema_name = tables.schema_name
        and columns.table_name = tables.table_name
where columns.database_name = current_database() and not columns.internal
group by all
order by all
