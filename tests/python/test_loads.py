"""However the same files are loaded, the same rows come out in every table."""

from __future__ import annotations

from pathlib import Path

import pytest
from warehouse import ROWS_ONLY, Warehouse, copy_landing, generate, rewrite


@pytest.fixture(scope="module")
def daily(first_batch: Warehouse) -> Warehouse:
    """A warehouse that was loaded one batch at a time."""
    warehouse = first_batch.copy(first_batch.session / "daily")
    assert warehouse.query("select max(batch_id) from operations.batches") == [(1,)]
    warehouse.load(through_batch=2)
    assert warehouse.query("select max(batch_id) from operations.batches") == [(2,)]
    warehouse.load()
    return warehouse


def test_one_batch_at_a_time_is_all_at_once(daily: Warehouse, loaded: Warehouse) -> None:
    """A warehouse that took each day as it came equals one built from the whole history."""
    assert daily.unlike(loaded) == {}
    assert daily.query("select count(*) from operations.batches") == [(3,)]


def test_a_rebuild_changes_nothing(daily: Warehouse, loaded: Warehouse, room: Path) -> None:
    """`--full-refresh` is always a safe answer: it gives what the daily loads have given."""
    rebuilt = daily.copy(room / "rebuilt")
    rebuilt.load("--full-refresh")
    assert rebuilt.unlike(loaded) == {}


@pytest.mark.long
def test_batches_that_were_missed_are_caught_up(loaded: Warehouse, room: Path) -> None:
    """Two batches in one load and the next one later give the same rows, too."""
    warehouse = Warehouse(room / "warehouse", loaded.landing, loaded.session)
    warehouse.load(*ROWS_ONLY, through_batch=2)
    warehouse.load(*ROWS_ONLY)
    assert warehouse.unlike(loaded, rows_only=True) == {}


def test_a_second_run_changes_nothing(loaded: Warehouse, room: Path) -> None:
    """A load can be repeated at any time."""
    again = loaded.copy(room / "again")
    again.load()
    assert again.unlike(loaded) == {}


def test_a_snapshot_of_the_lists_replays(first_batch: Warehouse, loaded: Warehouse, room: Path) -> None:
    """dbt's own snapshot gives the same rows, whether lists were loaded together or each was followed by a snapshot."""
    daily, at_once = first_batch.copy(room / "daily"), loaded.copy(room / "at_once")
    assert daily.dbt("snapshot").code == 0
    daily.load(*ROWS_ONLY)
    assert [warehouse.dbt("snapshot").code for warehouse in (daily, at_once, at_once)] == [0, 0, 0]
    rows = "select * from snapshots.prospect_lists_history order by all"
    assert daily.query(rows) == at_once.query(rows)
    versions = at_once.query("select count(*), max(batch_id) from intermediate.int_prospect_versions")
    assert at_once.query("select count(*), max(batch_id) from snapshots.prospect_lists_history") == versions


def test_the_warehouse_passes_its_tests(daily: Warehouse) -> None:
    """A load of sound files breaks none of the warehouse's own rules, and gives no warning."""
    ran = daily.dbt("test")
    assert ran.code == 0, ran.output
    assert "WARN=0 ERROR=0" in ran.output


@pytest.mark.long
def test_files_in_parts_are_whole_files(loaded: Warehouse, room: Path) -> None:
    """A file may come in numbered parts, in the order of their numbers (10 after 9); only what is said about the files
    themselves differs."""
    landing = generate(room / "parts", "--split", "11")
    assert not (landing / "Batch1/Trade.txt").exists()
    warehouse = Warehouse(room / "warehouse", landing, loaded.session)
    warehouse.load(*ROWS_ONLY)
    about_files = {"operations.landed_files"}
    with_counts = {"operations.reconciliation", "operations.batches"}
    # The control totals say in how many parts the files came.
    totals = {"operations.audit", "staging.stg_control__audit"}
    unlike = warehouse.unlike(loaded, rows_only=True)
    assert set(unlike) <= about_files | with_counts | totals, unlike
    for table in with_counts:
        rows = f"select columns(c -> c not in ('file_count', 'loaded_at')) from {table} order by all"
        assert warehouse.query(rows) == loaded.query(rows)
    sent = "select * from operations.audit where attribute <> 'Parts' order by all"
    assert warehouse.query(sent) == loaded.query(sent)


@pytest.mark.long
def test_line_ends_do_not_matter(loaded: Warehouse, room: Path) -> None:
    """CRLF or LF, with the last line's end or without: the same rows; only sizes and places in bytes differ."""
    landing = copy_landing(loaded.landing, room / "landing")
    for number, path in enumerate(sorted(p for p in landing.rglob("*") if p.is_file())):
        if number % 2:
            rewrite(path, lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        if number % 3:
            rewrite(path, lambda data: data.removesuffix(b"\n").removesuffix(b"\r"))
    warehouse = Warehouse(room / "warehouse", landing, loaded.session)
    warehouse.load(*ROWS_ONLY)
    unlike = warehouse.unlike(loaded, rows_only=True)
    with_places = {"staging.stg_crm__customer_mgmt"}
    with_places |= {f"intermediate.int_{name}_events" for name in ("customer", "account")}
    assert set(unlike) <= {"operations.landed_files"} | with_places, unlike
    for table in with_places:
        rows = f"select columns(c -> c not in ('byte_offset', 'event_sequence')) from {table} order by all"
        assert warehouse.query(rows) == loaded.query(rows)


@pytest.mark.long
def test_control_totals_may_be_missing(loaded: Warehouse, room: Path) -> None:
    """Without control totals the same rows are loaded, and the tests warn that there was nothing to compare with."""
    landing = copy_landing(loaded.landing, room / "landing")
    for path in landing.rglob("*_audit.csv"):
        path.unlink()
    warehouse = Warehouse(room / "warehouse", landing, loaded.session)
    warehouse.load()
    ran = warehouse.dbt("test", "--exclude-resource-type", "unit_test")
    assert ran.code == 0, ran.output
    assert "WARN=1 ERROR=0" in ran.output
    assert "control_totals_are_there" in ran.output
    unlike = warehouse.unlike(loaded)
    assert not [table for table in unlike if table.startswith(("core.", "intermediate."))], unlike
