-- All tables and views of a warehouse with their columns; a table has no definition.
with relations as (
    select
        database_name,
        schema_name,
        table_name as relation_name,
        '' as definition
    from duckdb_tables()
    where database_name = $side

    union all

    select
        database_name,
        schema_name,
        view_name as relation_name,
        sql as definition
    from duckdb_views()
    where database_name = $side and not internal
)

select
    relations.schema_name || '.' || relations.relation_name as name,
    any_value(relations.definition) as definition,
    list((columns.column_name, columns.data_type, columns.is_nullable) order by columns.column_index) as columns
from relations
inner join duckdb_columns() as columns
    on
        relations.database_name = columns.database_name
        and relations.schema_name = columns.schema_name
        and relations.relation_name = columns.table_name
group by relations.schema_name, relations.relation_name
