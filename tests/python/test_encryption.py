"""The target prod: the same rows in an encrypted file, and a key that shows nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from publication import files_with, needles
from warehouse import ROWS_ONLY, Warehouse

from scripts import rotate_key
from scripts.diff.rows import differences
from scripts.encryption import (
    EncryptionProblem,
    attach,
    attach_warehouse,
    fingerprints,
    is_encrypted,
)
from scripts.keys import KeyProblem, ensure_key, new_key, read_key, versions
from scripts.project import PROJECT
from scripts.warehouse_file import connect_encrypted, open_warehouse


@pytest.fixture(autouse=True)
def keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, secured_keys: Path) -> Path:
    monkeypatch.setenv("WAREHOUSE_KEYS", str(secured_keys))
    return secured_keys


@pytest.fixture(scope="session")
def prod(session: Path, landing: Path, secured_keys: Path) -> Warehouse:
    """A warehouse loaded batch by batch with the target prod, its logs as talkative as they get."""
    warehouse = Warehouse(session / "prod", landing, session)
    warehouse.environment = {
        "DBT_TARGET": "prod",
        "WAREHOUSE_KEYS": str(secured_keys),
        "DBT_TARGET_PATH": str(session / "prod" / "target"),
        "DBT_LOG_LEVEL_FILE": "debug",
        "WAREHOUSE_MEMORY": "1GB",
    }
    warehouse.load(*ROWS_ONLY, through_batch=1)
    warehouse.load(*ROWS_ONLY)
    return warehouse


@pytest.fixture
def small(tmp_path: Path, keys: Path) -> Path:
    """An encrypted warehouse of a few rows."""
    path = tmp_path / "warehouse.duckdb"
    with connect_encrypted(tmp_path / "spill") as con:
        attach(con, path, "warehouse", ensure_key("warehouse"))
        con.execute("use warehouse")
        con.execute("create schema core")
        con.execute("create table core.t as select range as i, 'name ' || range as text from range(200000)")
        con.execute("create view core.v as select i from warehouse.core.t where i < 10")
        con.execute("create macro core.twice(x) as 2 * x")
        con.execute("comment on column core.t.i is 'a number'")
    return path


def test_the_same_rows_come_out(prod: Warehouse, loaded: Warehouse) -> None:
    assert is_encrypted(prod.path)
    assert not is_encrypted(loaded.path)
    assert len(differences(loaded.path, prod.path).tables) > 40
    assert loaded.unlike(prod, rows_only=True) == {}


@pytest.mark.long
def test_a_full_refresh_and_the_tests_run_there(prod: Warehouse) -> None:
    prod.load("--full-refresh", "--select", "stg_reference__date", "dim_date", "access_log")
    tested = ("test", "--select", "dim_date", "dim_customer", "access_log", "--indirect-selection", "cautious")
    ran = prod.dbt(*tested, "--exclude-resource-type", "unit_test")
    assert ran.code == 0, ran.output


def test_nothing_can_be_read_without_the_key(prod: Warehouse) -> None:
    with pytest.raises(duckdb.Error, match="without a key"):
        duckdb.connect(str(prod.path), read_only=True)
    with open_warehouse(path=prod.path) as con:
        values = con.execute(
            "select distinct v from (select unnest([tax_id, email1, address_line1]) as v from core.dim_customer)"
            " where length(v) > 6"
        ).fetchall()
    assert len(values) > 50
    content = prod.path.read_bytes()
    assert not [v for (v,) in values if str(v).encode() in content]


def test_the_key_shows_nowhere(prod: Warehouse, session: Path, keys: Path) -> None:
    """Not in artifacts, logs, what dbt prints, or its report about the connection."""
    debug = prod.dbt("debug")
    assert debug.code == 0, debug.output
    assert (prod.folder / "logs" / "dbt.log").stat().st_size > 10_000
    sought = needles(keys)
    assert sought
    assert not any(needle in debug.output.encode() for needle in sought)
    assert files_with(sought, prod.folder, session / "prod") == []


@pytest.mark.long
def test_a_key_from_the_environment_shows_nowhere(small: Path, tmp_path: Path, keys: Path) -> None:
    secret = read_key("warehouse").hex
    environment = {
        **os.environ,
        "WAREHOUSE_PATH": str(small),
        "DBT_TARGET": "prod",
        "WAREHOUSE_KEYS": str(tmp_path / "none"),
        "DBT_ENV_SECRET_WAREHOUSE_KEY": f"1:{secret}",
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "DBT_LOG_LEVEL_FILE": "debug",
        "LANDING_DIR": str(tmp_path / "landing"),
    }
    dbt = str(Path(sys.executable).with_name("dbt"))
    ran = subprocess.run(
        [dbt, "--debug", "show", "--inline", "select count(*) as n from {{ target.database }}.core.t"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "200000" in ran.stdout
    assert secret not in ran.stdout + ran.stderr
    assert files_with([secret.encode()], tmp_path) == []


def test_spill_and_write_ahead_log_are_encrypted(tmp_path: Path, keys: Path) -> None:
    """What a query writes to disk on the way must not hold plain values; the process is killed to keep the files."""
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from scripts.encryption import attach\n"
        "from scripts.keys import ensure_key\n"
        "from scripts.warehouse_file import connect_encrypted\n"
        "room = Path(sys.argv[1])\n"
        "with connect_encrypted(room / 'spill') as con:\n"
        "    con.execute(\"set memory_limit = '60MB'; set threads = 1; set checkpoint_threshold = '1TB'\")\n"
        "    attach(con, room / 'w.duckdb', 'w', ensure_key('warehouse'))\n"
        "    con.execute(\"create table w.t as select 'marker-in-log-' || range as v from range(1000)\")\n"
        "    con.execute(\"insert into w.t values ('marker-in-log-x')\")\n"
        "    con.execute(\"create temp table big as select repeat('marker-in-spill', 10) || range as v"
        ' from range(2000000)")\n'
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=PROJECT, check=False)
    spilled = list((tmp_path / "spill").iterdir())
    assert sum(path.stat().st_size for path in spilled) > 1_000_000
    assert (tmp_path / "w.duckdb.wal").stat().st_size > 100
    assert files_with([b"marker-in"], tmp_path) == []


def test_a_plain_file_is_refused(loaded: Warehouse, room: Path, session: Path, keys: Path) -> None:
    twin = loaded.copy(room)
    twin.environment = {"DBT_TARGET": "prod", "WAREHOUSE_KEYS": str(keys), "DBT_TARGET_PATH": str(session / "prod_t")}
    assert "is a plain file, but encryption was asked for" in twin.refuse()


def test_a_wrong_key_and_a_missing_one_are_named(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_KEYS", str(tmp_path / "others"))
    with pytest.raises(KeyProblem, match="no key warehouse"), open_warehouse(path=small):
        pass
    new_key("warehouse")
    with (
        pytest.raises(EncryptionProblem, match="it was encrypted with another one") as raised,
        open_warehouse(path=small),
    ):
        pass
    assert read_key("warehouse").hex not in str(raised.value)


def test_what_is_no_database_is_named(tmp_path: Path, keys: Path) -> None:
    (tmp_path / "x.duckdb").write_text("hello" * 100)
    with connect_encrypted(tmp_path / "spill") as con, pytest.raises(EncryptionProblem, match="is not a DuckDB file"):
        attach_warehouse(con, tmp_path / "x.duckdb")


def content(path: Path) -> dict[str, tuple[int, int]]:
    with open_warehouse(path=path) as con:
        assert con.execute("select count(*), core.twice(2) from core.v").fetchone() == (10, 4)
        return {t: f for t, f in fingerprints(con, "warehouse").items() if t != "operations.access_log"}


def test_a_rotation_keeps_every_row(small: Path, tmp_path: Path, keys: Path) -> None:
    before, known = content(small), versions("warehouse")
    inode = small.stat().st_ino
    old, new = rotate_key.rotate(small)
    assert content(small) == before
    assert versions("warehouse") == [*known, new.version]
    assert small.stat().st_ino != inode
    with connect_encrypted(tmp_path / "spill") as con, pytest.raises(EncryptionProblem, match="another one"):
        attach(con, small, "w", old, read_only=True)
    with open_warehouse(path=small) as con:
        assert con.execute("select action from operations.access_log").fetchall() == [("rotate-key",)]
    assert not list(tmp_path.glob("*rotating*"))


def test_a_copy_that_differs_is_not_taken(small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = content(small)
    verify = rotate_key._verify

    def damage(con: duckdb.DuckDBPyConnection) -> None:
        con.execute("update rotated.core.t set i = i + 1 where i = 77")
        verify(con)

    monkeypatch.setattr(rotate_key, "_verify", damage)
    with pytest.raises(EncryptionProblem, match=r"differs from the warehouse in core\.t"):
        rotate_key.rotate(small)
    assert content(small) == before
    assert not list(tmp_path.glob("*rotating*"))


@pytest.mark.parametrize("read_only", [False, True])
def test_a_warehouse_in_use_is_not_rotated(small: Path, read_only: bool) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom scripts.warehouse_file import open_warehouse\n"
        f"with open_warehouse({read_only}, Path(sys.argv[1])) as con: print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(small)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        environment = {**os.environ, "WAREHOUSE_PATH": str(small)}
        ran = subprocess.run(
            [sys.executable, "-m", "scripts.rotate_key"],
            cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        other.communicate("")
    assert ran.returncode == 1
    assert "is open in another process" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert content(small)


KILLED_ROTATION = """
import os, signal, sys
from pathlib import Path
from scripts import rotate_key

place, name, when = (Path if sys.argv[1] == "Path" else rotate_key), sys.argv[2], sys.argv[3]
function = getattr(place, name)

def killed(*arguments, **named):
    if when == "after":
        function(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(place, name, killed)
rotate_key.main([])
"""


@pytest.mark.parametrize(
    ("place", "name", "when"),
    [
        ("rotate_key", "_next_key", "before"),
        ("rotate_key", "_next_key", "after"),
        ("rotate_key", "attach", "after"),
        ("rotate_key", "_verify", "before"),
        ("rotate_key", "_verify", "after"),
        ("rotate_key", "flush", "before"),
        ("rotate_key", "_copy", "after"),
        ("Path", "replace", "before"),
        ("Path", "replace", "after"),
    ],
)
def test_a_rotation_can_be_killed_at_any_step(small: Path, place: str, name: str, when: str) -> None:
    before = content(small)
    environment = {**os.environ, "WAREHOUSE_PATH": str(small)}
    command = [sys.executable, "-c", KILLED_ROTATION, place, name, when]
    ran = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, check=False)
    assert ran.returncode == -9
    assert content(small) == before
    rotate_key.rotate(small)
    assert content(small) == before
    assert not list(small.parent.glob("*rotating*"))


def test_a_rotation_can_be_killed_at_any_moment(small: Path) -> None:
    before = content(small)
    environment = {**os.environ, "WAREHOUSE_PATH": str(small)}
    for step in range(6):
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.rotate_key"], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL
        )
        time.sleep(0.4 + 0.2 * step)
        process.kill()
        process.wait()
        assert content(small) == before


def test_keys_from_the_environment_are_rotated_too(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, old = content(small), read_key("warehouse")
    monkeypatch.setenv("DBT_ENV_SECRET_WAREHOUSE_KEY", f"{old.version}:{old.hex}")
    with pytest.raises(KeyProblem, match="no key warehouse-next"):
        rotate_key.rotate(small)
    monkeypatch.setenv("DBT_ENV_SECRET_WAREHOUSE_NEXT_KEY", f"{old.version}:{old.hex}")
    with pytest.raises(KeyProblem, match="has already"):
        rotate_key.rotate(small)
    monkeypatch.setenv("DBT_ENV_SECRET_WAREHOUSE_NEXT_KEY", f"1000:{'ab' * 32}")
    rotate_key.rotate(small)
    monkeypatch.setenv("DBT_ENV_SECRET_WAREHOUSE_KEY", f"1000:{'ab' * 32}")
    assert content(small) == before
