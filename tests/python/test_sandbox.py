"""SQL in a model reaches the landing area, the seeds and the warehouse, on every target, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from dbt.adapters.duckdb.credentials import Attachment, DuckDBCredentials, PluginConfig
from dbt.adapters.duckdb.environments.local import LocalEnvironment

from scripts.keys import ensure_key
from scripts.project import PROJECT

CONFIG = {
    "allow_unsigned_extensions": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


@pytest.fixture(scope="module", params=["dev", "prod"])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for one target's warehouse and what lies around it."""
    return tmp_path_factory.mktemp(str(request.param))


@pytest.fixture(scope="module")
def cursor(room: Path) -> Iterator[Any]:
    """A cursor as dbt opens it for a model."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from _cursor(room, monkeypatch)


def _cursor(room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (room / "landing" / "Batch1").mkdir(parents=True)
    (room / "landing" / "Batch1" / "Trade.txt").write_text("1|2\n")
    (room / "outside.csv").write_text("secret\n")
    with duckdb.connect(str(room / "other.duckdb")) as other:
        other.execute("create table t as select 1 as i")
    monkeypatch.setenv("WAREHOUSE_KEYS", str(room / "keys"))
    monkeypatch.setenv("LANDING_DIR", str(room / "landing"))
    monkeypatch.delenv("DBT_ENV_SECRET_WAREHOUSE_KEY", raising=False)
    ensure_key("warehouse")
    path = str(room / "warehouse.duckdb")
    encrypt = room.name.startswith("prod")
    creds = DuckDBCredentials(
        database="warehouse",
        attach=[Attachment(path=path, alias="warehouse")],
        plugins=[PluginConfig(module="scripts.duckdb_plugin", config={"encrypt": encrypt})],
        config_options={**CONFIG, "temp_directory": f"{path}.tmp", "temp_file_encryption": encrypt},
    )
    environment = LocalEnvironment(creds)
    handle = environment.handle()
    yield handle.cursor()
    handle.close()
    environment.close()


ATTACKS = [
    "select * from read_text('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from read_csv('{room}/outside.csv')",
    "select * from read_blob('{room}/keys/warehouse.v1.key')",
    "select * from glob('{room}/keys/*')",
    "select * from read_text('{room}/landing/../outside.csv')",
    "select * from read_text('{room}/landing/Batch1/../../keys/warehouse.v1.key')",
    "select * from read_text('{room}/landing-not/x')",
    "copy (select 1) to '{room}/stolen.csv'",
    "copy (select 1) to '{room}/stolen.parquet' (format parquet)",
    "export database '{room}/stolen'",
    "attach '{room}/other.duckdb' as other",
    "attach '{room}/other.duckdb' as other (read_only)",
    "attach '{room}/new.duckdb' as other",
    "attach 'https://127.0.0.1:9/x.duckdb' as other",
    "select * from read_csv('https://127.0.0.1:9/x.csv')",
    "select * from 's3://bucket/x.parquet'",
    "install icu",
    "install spatial from community",
    "load '{room}/outside.csv'",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset lock_configuration",
    "set allowed_directories = ['/']",
    "set allowed_paths = ['/etc/passwd']",
    "set temp_file_encryption = false",
    "set temp_directory = '/tmp'",
    "set allow_unsigned_extensions = true",
    "set autoinstall_known_extensions = true",
    "set custom_extension_repository = 'http://127.0.0.1:9'",
    "set memory_limit = '1TB'",
    "pragma enable_profiling = 'json'",
    "set log_query_path = '{room}/queries'",
    "create secret s (type s3, key_id 'x', secret 'y')",
    "create persistent secret s (type s3, key_id 'x', secret 'y')",
    "select landed_text('../outside.csv', 0, 100)",
    "select landed_text('{room}/outside.csv', 0, 100)",
    "select * from outer_rows",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_sql_stays_inside(cursor: Any, room: Path, attack: str) -> None:
    outer_rows = pa.table({"secret": ["x"]})
    before = {path for path in room.rglob("*") if ".tmp" not in path.name}
    with pytest.raises((duckdb.Error, ValueError)):
        cursor.execute(attack.format(room=room)).fetchall()
    assert outer_rows.num_rows == 1
    assert {path for path in room.rglob("*") if ".tmp" not in path.name} == before


def test_the_key_is_out_of_reach(cursor: Any, room: Path) -> None:
    """No variable, setting or catalog table holds it."""
    key = ensure_key("warehouse").hex
    for place in ("duckdb_settings()", "duckdb_databases()", "duckdb_variables()", "duckdb_logs"):
        assert key not in str(cursor.execute(f"select * from {place}").fetchall())


def test_models_can_do_what_they_need(cursor: Any, room: Path) -> None:
    cursor.execute("create schema if not exists core")
    cursor.execute("create table core.t as select range as i from range(100000)")
    landed = room / "landing" / "Batch1" / "Trade.txt"
    assert cursor.execute(f"select count(*) from read_csv('{landed}', header = false)").fetchone() == (1,)
    assert cursor.execute("select count(*) from read_csv('seeds/sp_ratings.csv')").fetchone()[0] > 0
    assert cursor.execute("select count(*) from landing_area").fetchone() == (0,)
    cursor.execute("set variable token = 'x'")
    assert cursor.execute("select getvariable('token'), count(*) from core.t").fetchone() == ("x", 100000)


def test_a_log_file_stays_empty(tmp_path: Path) -> None:
    """DuckDB lets SQL ask for a log file in spite of the lock, and refuses to write it; in a process of its own, since
    DuckDB ends the process over it.
    """
    program = (
        "import duckdb, sys\n"
        "from scripts.sandbox import close_sandbox\n"
        "con = duckdb.connect()\n"
        "close_sandbox(con, [])\n"
        "try:\n"
        "    con.execute(\"call enable_logging(storage = 'file', storage_path = '\" + sys.argv[1] + \"')\")\n"
        "    con.execute(\"select write_log('secret')\")\n"
        "except duckdb.Error as error:\n"
        "    print(error, flush=True)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "log")]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "disabled by configuration" in ran.stdout
    assert not list(tmp_path.iterdir())
