"""Slips get one clear message with the fix and leave no trace; odd but valid names work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from warehouse import Warehouse

from scripts import build, settings
from scripts.diff.rows import differences
from scripts.encryption import EncryptionProblem
from scripts.project import PROJECT
from scripts.warehouse_file import attach_file, open_warehouse

ODD_NAMES = ["1st my-wh.2.duckdb", 'it\'s "größe".db', "select", "core.duckdb"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_warehouse_may_have_any_name(name: str, loaded: Warehouse, room: Path) -> None:
    """dbt and the scripts work on it, and so do views for whoever opens the file itself."""
    warehouse = loaded.copy(room / "warehouse")
    warehouse.path = warehouse.path.rename(warehouse.path.with_name(name))
    ran = warehouse.dbt("build", "--select", "industry", "analytics_industry", "--exclude-resource-type", "unit_test")
    assert ran.code == 0, ran.output
    with open_warehouse(path=warehouse.path) as con:
        industries = con.sql("select * from analytics.industry order by all").fetchall()
        assert industries == con.sql("select * from core.industry order by all").fetchall() != []
    with duckdb.connect(str(warehouse.path), read_only=True) as con:
        catalog = '"' + con.sql("select current_database()").fetchall()[0][0].replace('"', '""') + '"'
        if name != "core.duckdb":  # DuckDB itself takes core.t for a table of the catalog there.
            assert con.sql(f"select * from {catalog}.analytics.industry order by all").fetchall() == industries
    assert differences(warehouse.path, loaded.path).different == []


def no_database(path: Path) -> None:
    path.write_text("name,amount\n" * 1000)


def newer(path: Path) -> None:
    """A database of a format that this DuckDB does not know, with the checksum that its header must have."""
    duckdb.connect(str(path)).close()
    data = bytearray(path.read_bytes())
    data[12:20] = (240).to_bytes(8, "little")
    total = 5381
    for start in range(8, 4096, 8):
        word = int.from_bytes(data[start : start + 8], "little")
        total ^= word * 0xBF58476D1CE4E5B9 & (2**64 - 1)
    data[:8] = total.to_bytes(8, "little")
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    duckdb.connect(str(path)).close()
    path.write_bytes(path.read_bytes()[:6000])


PLACES: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "missing folder": ("nowhere/w.duckdb", lambda path: None, "There is no folder"),
    "a folder": ("w.duckdb", Path.mkdir, "is a folder"),
    "a file for a folder": ("file/w.duckdb", lambda path: path.parent.write_text(""), "There is no folder"),
    "a pipe": ("w.duckdb", os.mkfifo, "no ordinary file"),
    "no database": ("w.duckdb", no_database, "is not a DuckDB file"),
    "a newer database": ("w.duckdb", newer, "newer DuckDB"),
    "a damaged database": ("w.duckdb", cut_off, "damaged"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_place_without_a_warehouse_is_named(place: str, tmp_path: Path) -> None:
    name, prepare, says = PLACES[place]
    prepare(tmp_path / name)
    with duckdb.connect() as con, pytest.raises(EncryptionProblem, match=says) as raised:
        attach_file(con, tmp_path / name, "warehouse", encrypted=False)
    assert str(tmp_path / name.split("/")[0]) in str(raised.value)


@pytest.mark.parametrize("closed", ["w.duckdb", "."])
def test_a_read_only_place_is_named(closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Detected by asking the system; root may write everywhere except on a disk mounted read-only."""
    path = tmp_path / "w.duckdb"
    duckdb.connect(str(path)).close()
    allowed = os.access

    def access(asked: Path, mode: int) -> bool:
        return allowed(asked, mode) and not (mode & os.W_OK and asked == tmp_path / closed)

    monkeypatch.setattr(os, "access", access)
    with duckdb.connect() as con:
        with pytest.raises(EncryptionProblem, match="is read-only"):
            attach_file(con, path, "warehouse", encrypted=False)
        attach_file(con, path, "warehouse", encrypted=False, read_only=True)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    class Full:
        def execute(self, sql: str) -> None:
            raise duckdb.IOException('IO Error: Could not write file "x": No space left on device')

    with pytest.raises(EncryptionProblem, match=r"is full\. Make room"):
        attach_file(Full(), tmp_path / "w.duckdb", "warehouse", encrypted=False)  # type: ignore[arg-type]


def test_dbt_says_it_without_a_traceback(loaded: Warehouse, room: Path) -> None:
    warehouse = Warehouse(room / "warehouse", loaded.landing, loaded.session)
    no_database(warehouse.path)
    assert "is not a DuckDB file. Remove it" in warehouse.refuse()


GOOD = [
    {"through_batch": 2}, {"through_batch": "2"}, {"max_rejected_share": 0.05}, {"max_rejected_share": "5e-2"},
    {"max_rejected_share": 1}, {"max_rejected_share": 0}, {"expected_through": "yesterday"}, {"expected_through": ""},
    {"expected_through": "2026-01-31"}, {"freshness_severity": "warn"}, {"k_anonymity": 3}, {"day": 20170707},
]  # fmt: skip
BAD = [
    {"through_batch": "two"}, {"through_batch": -1}, {"through_batch": 2.5}, {"through_batch": True},
    {"through_batch": None}, {"through_batch": 99_999_999_999}, {"through_batch": "2; drop table x"},
    {"max_rejected_share": "5%"}, {"max_rejected_share": 1.5}, {"max_rejected_share": -0.1},
    {"max_rejected_share": "nan"}, {"max_rejected_share": [0.1]}, {"expected_through": "soon"},
    {"expected_through": "2026-02-30"}, {"expected_through": "20260131"}, {"freshness_severity": "loud"},
    {"k_anonymity": 0}, {"smallest_area": "few"},
]  # fmt: skip


@pytest.mark.parametrize("variables", GOOD, ids=str)
def test_settings_that_can_be_meant_are_accepted(variables: dict[str, Any]) -> None:
    settings.check(variables)


@pytest.mark.parametrize("variables", BAD, ids=str)
def test_settings_that_cannot_be_meant_are_refused(variables: dict[str, Any]) -> None:
    (name,) = variables
    with pytest.raises(settings.SettingProblem, match=f"--vars {name} is .* but must be"):
        settings.check(variables)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("thru_batch", "through_batch"), ("THROUGH_BATCH", "through_batch"), ("max_reject_share", "max_rejected_share"),
     ("expect_through", "expected_through"), ("k_anonymty", "k_anonymity"), ("customerid", "customer_id")],
)  # fmt: skip
def test_a_misspelt_variable_is_refused(name: str, meant: str) -> None:
    with pytest.raises(settings.SettingProblem, match=rf"there is no variable {name}\. Did you mean {meant}\?"):
        settings.check({name: 1})


def test_an_unknown_variable_gets_the_list() -> None:
    with pytest.raises(settings.SettingProblem, match=r"there is no variable xyz.*through_batch.*smallest_area"):
        settings.check({"xyz": 1})


def test_the_environment_is_checked_unless_it_is_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_REJECTED_SHARE", "5%")
    settings.check({"max_rejected_share": 0.05})
    with pytest.raises(settings.SettingProblem, match="MAX_REJECTED_SHARE is '5%'"):
        settings.check({"through_batch": 1})


def test_settings_come_from_variables_then_from_the_environment(first_batch: Warehouse, room: Path) -> None:
    warehouse = first_batch.copy(room / "warehouse")
    warehouse.environment = {"THROUGH_BATCH": "2"}
    loaded = "select max(batch_id) from staging.stg_brokerage__daily_market"
    warehouse.load("--select", "stg_brokerage__daily_market")
    assert warehouse.query(loaded) == [(2,)]
    warehouse.load("--select", "stg_brokerage__daily_market", through_batch=3)
    assert warehouse.query(loaded) == [(3,)]


def test_dbt_refuses_a_setting_before_it_makes_a_warehouse(loaded: Warehouse, room: Path) -> None:
    warehouse = Warehouse(room / "warehouse", loaded.landing, loaded.session)
    assert "--vars through_batch is 'two'" in warehouse.refuse(through_batch="two")
    assert not warehouse.path.exists()


def test_an_empty_build_leaves_no_trace(loaded: Warehouse, room: Path) -> None:
    """Neither a new file, nor a change in one that is there."""
    new = Warehouse(room / "new", loaded.landing, loaded.session)
    new.load("--empty")
    assert not new.path.exists()
    old = loaded.copy(room / "old")
    before = old.path.read_bytes()
    old.load("--empty", "--select", "+dim_date", "+industry")
    assert old.path.read_bytes() == before


def test_a_model_without_its_parents_is_refused(loaded: Warehouse, room: Path) -> None:
    warehouse = Warehouse(room / "warehouse", loaded.landing, loaded.session)
    output = warehouse.refuse("--select", "dim_trade")
    assert "dbt run --select +dim_trade" in output
    assert "stg_brokerage__trade" in output
    assert "Catalog Error" not in output
    warehouse.load("--select", "+dim_date")
    warehouse.load("--select", "dim_date")


@pytest.mark.long
def test_dbt_runs_from_another_folder(loaded: Warehouse, room: Path) -> None:
    """Relative paths mean the project's."""
    environment = {
        **os.environ,
        "LANDING_DIR": os.path.relpath(loaded.landing, PROJECT),
        "WAREHOUSE_PATH": os.path.relpath(room / "w.duckdb", PROJECT),
        "DBT_TARGET_PATH": str(room / "target"),
        "DBT_LOG_PATH": str(room / "logs"),
    }
    dbt = Path(sys.executable).with_name("dbt")
    ran = subprocess.run(
        [dbt, "run", "--select", "+dim_date", "--project-dir", PROJECT, "--profiles-dir", PROJECT],
        cwd=room, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    with open_warehouse(path=room / "w.duckdb") as con:
        assert con.sql("select count(*) > 0 from core.dim_date").fetchall() == [(True,)]


Results = list[dict[str, Any]]


def built(monkeypatch: pytest.MonkeyPatch, path: Path, code: int, results: Results) -> tuple[int, str]:
    """What `make build` says after dbt has ended so."""
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.setattr(build, "run_dbt", lambda arguments: (code, 1.0, results))
    ran = CliRunner().invoke(build.main)
    return ran.exit_code, ran.output


def result(unique_id: str, status: str, message: str = "", relation: str | None = None) -> dict[str, Any]:
    return {"unique_id": unique_id, "status": status, "message": message, "relation_name": relation}


def test_nothing_follows_a_refusal(loaded: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    assert built(monkeypatch, loaded.path, 2, []) == (2, "")


def test_a_failed_model_is_named_instead_of_a_summary(loaded: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = result("model.p.dim_trade", "error", "IO Error: x: No space left on device")
    code, output = built(monkeypatch, loaded.path, 1, [result("test.p.fine", "pass"), failed])
    assert code == 1
    for words in ("model dim_trade", "No space left on device", "The disk is full", "run again"):
        assert words in output
    assert "table in core" not in output


def test_a_failed_test_is_named_after_the_summary(loaded: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = result("test.p.keys.1", "fail", "Got 3 results", '"warehouse"."quality_failures"."keys"')
    code, output = built(monkeypatch, loaded.path, 1, [result("unit_test.p.fine", "pass"), failed])
    assert code == 1
    assert "1 passed, 0 warned, 1 failed, 0 skipped" in output
    assert output.index("table in core") < output.index("test keys") < output.index("quality_failures.keys")


def test_ignored_files_are_counted_and_named(loaded: Warehouse, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = loaded.copy(room / "warehouse")
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute(
            "create or replace table operations.ignored_files as "
            "select 'Batch1/odd[' || i || '].txt' as file_name, 'unknown' as reason from range(5) as r(i)"
        )
    code, output = built(monkeypatch, warehouse.path, 0, [])
    assert code == 0
    assert "Files ignored   5: Batch1/odd[0].txt, Batch1/odd[1].txt, Batch1/odd[2].txt, …" in output


def test_results_of_an_earlier_run_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run_results.json").write_text('{"results": [{"unique_id": "test.p.old", "status": "pass"}]}')
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 2))
    code, _, results = build.run_dbt(())
    assert (code, results) == (2, [])
