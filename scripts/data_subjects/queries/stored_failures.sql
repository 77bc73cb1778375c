-- Schemas that hold failing rows of data tests.
select distinct schema_name
from duckdb_tables()
where
    database_name = current_database()
    and (schema_name = 'quality_failures' or schema_name like '%dbt\_test\_\_audit' escape '\')
