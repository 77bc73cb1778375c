-- Opens the analysts' file in any DuckDB: `duckdb -init scripts/open_published.sql`, from the project's folder. Elsewhere,
-- copy this and write full paths. The key is read from its file, so that it stands in no command and no history.
set variable published_key = (select content[:64] from read_text('data/keys/audience-analyst.v1.key'));
attach 'data/published/analyst/analyst.duckdb' as analyst (read_only, encryption_key getvariable('published_key'));
reset variable published_key;
use analyst;
