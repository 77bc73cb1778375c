"""What cannot be loaded is refused with the file's name and the fix, and the warehouse stays as it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from warehouse import ROWS_ONLY, Warehouse, copy_landing, rewrite

Change = Callable[[Path], object]


def utf_16(path: Path) -> None:
    rewrite(path, lambda data: data.decode().encode("utf-16"))


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def linked_from_elsewhere(area: Path, name: str) -> None:
    elsewhere = area.with_name(f"elsewhere_{Path(name).name}")
    (area / name).rename(elsewhere)
    (area / name).symlink_to(elsewhere)


# What is wrong with a landing area, and what is said of it. What is found in one look is said at once.
REFUSALS: dict[str, list[tuple[Change, tuple[str, ...]]]] = {
    "names": [
        (
            lambda a: (a / "Batch2/Trade.txt").rename(a / "Batch2/trade.txt"),
            ("Batch2/trade.txt", "much like Trade.txt", "Rename it"),
        ),
        (lambda a: (a / "Batch3").rename(a / "Batch03"), ("Batch03", "much like Batch3", "Rename")),
        (
            lambda a: (a / "Batch2/CashTransaction_1.txt").write_bytes(b"x\n"),
            ("Batch2/CashTransaction.txt exists both whole and in parts",),
        ),
    ],
    "files": [
        (lambda a: (a / "Batch2/Trade.txt").unlink(), ("Batch2/Trade.txt is missing",)),
        (lambda a: fifo(a / "Batch2/Account.txt"), ("Batch2/Account.txt is a FIFO", "as a file")),
        (
            lambda a: linked_from_elsewhere(a, "Batch2/WatchHistory.txt"),
            (
                "Batch2/WatchHistory.txt is a link out of the landing area",
                "elsewhere_WatchHistory.txt",
                "put the files",
            ),
        ),
        (
            lambda a: linked_from_elsewhere(a, "Batch3"),
            ("Batch3 is a link out of the landing area", "elsewhere_Batch3"),
        ),
    ],
    "contents": [
        (
            lambda a: rewrite(a / "Batch2/Prospect.csv", lambda _: b""),
            ("Batch2/Prospect.csv is empty", "delivered"),
        ),
        (
            lambda a: rewrite(a / "Batch3/Prospect.csv", lambda d: d + "é".encode("latin-1")),
            ("Batch3/Prospect.csv is not UTF-8", "exported as UTF-8"),
        ),
        (lambda a: utf_16(a / "Batch2/Customer.txt"), ("Batch2/Customer.txt", "UTF-8")),
    ],
    "a gap": [
        (lambda a: (a / "Batch2/BatchDate.txt").unlink(), ("Batch2 is not complete", "through_batch: 1")),
    ],
    "no day": [
        (
            lambda a: rewrite(a / "Batch3/BatchDate.txt", lambda _: b"20170709\n"),
            ("Batch3/BatchDate.txt", "YYYY-MM-DD", "20170709"),
        ),
    ],
    "another day": [
        (
            lambda a: rewrite(a / "Batch3/BatchDate.txt", lambda _: b"2017-07-20\n"),
            ("Batch3/BatchDate.txt", "2017-07-20", "2017-07-09"),
        ),
    ],
}


@pytest.mark.parametrize("wrong", REFUSALS)
def test_what_cannot_be_loaded_is_refused(wrong: str, first_batch: Warehouse, room: Path) -> None:
    """The message names each file and the fix, and no table has changed."""
    area = copy_landing(first_batch.landing, room / "landing")
    for change, _ in REFUSALS[wrong]:
        change(area)
    warehouse = first_batch.copy(room / "warehouse", area)
    output = warehouse.refuse()
    for _, says in REFUSALS[wrong]:
        for words in says:
            assert words in output
    assert warehouse.unlike(first_batch) == {}


OLDER: dict[str, tuple[Change, str]] = {
    "HR.csv": (lambda path: rewrite(path, lambda d: d + b"999999,,New,Hand,,100,,,\n"), "changed after it was loaded"),
    "HR_audit.csv": (lambda path: path.unlink(), "was loaded but is no longer in the landing area"),
}


@pytest.mark.parametrize("name", OLDER)
def test_files_of_older_batches_stay_what_they_were(name: str, loaded: Warehouse, room: Path) -> None:
    """What came after them builds on them, so only a rebuild takes the change."""
    change, says = OLDER[name]
    area = copy_landing(loaded.landing, room / "landing")
    change(area / "Batch1" / name)
    warehouse = loaded.copy(room / "warehouse", area)
    output = warehouse.refuse()
    assert f"Batch1/{name} {says}" in output and "--full-refresh" in output
    assert warehouse.unlike(loaded) == {}


BROKEN_DOCUMENTS = {
    "cut off": (lambda d: d[:-3000], "the document ends inside the Action that begins here"),
    "document type": (lambda d: b"<!DOCTYPE x>" + d[d.index(b"?>") + 2 :], "has a document type (DOCTYPE)"),
    "two documents": (lambda d: d + d, "another document, or a piece of one, follows"),
    "no XML": (lambda d: b"moved\n", "not an XML document of Action elements"),
    "another XML": (lambda d: b"<html><body/></html>\n", "is empty, and a CustomerMgmt file may not be"),
}


@pytest.mark.parametrize("damage", BROKEN_DOCUMENTS)
def test_a_broken_document_is_refused_before_anything_loads(damage: str, landing: Path, room: Path) -> None:
    """The document is named, and no staging table has been made."""
    change, says = BROKEN_DOCUMENTS[damage]
    area = copy_landing(landing, room / "landing")
    rewrite(area / "Batch1/CustomerMgmt.xml", change)
    warehouse = Warehouse(room / "warehouse", area, landing.parent)
    output = warehouse.refuse()
    assert "Batch1/CustomerMgmt.xml" in output and says in output
    assert warehouse.query("select table_name from duckdb_tables() where schema_name in ('staging', 'core')") == []


def test_a_new_time_is_no_change(first_batch: Warehouse, room: Path) -> None:
    """Copying or touching a file changes nothing, and ignored files are listed."""
    area = copy_landing(first_batch.landing, room / "landing")
    path = area / "Batch1/HR.csv"
    rewrite(path, lambda data: data)
    os.utime(path, (1, 1))
    (area / "Batch2/HR.csv").write_bytes(b"x")
    warehouse = first_batch.copy(room / "warehouse", area)
    warehouse.load("--select", "ignored_files", through_batch=2)
    assert warehouse.query("select * from operations.ignored_files") == [
        ("Batch2/HR.csv", "HR.csv is due in the first batch only")
    ]


def test_too_many_bad_rows_stop_the_load(first_batch: Warehouse, loaded: Warehouse, room: Path) -> None:
    """A file full of bad rows is refused, none reaches core, and the corrected file loads normally."""
    area = copy_landing(first_batch.landing, room / "landing")
    path = area / "Batch2/DailyMarket.txt"
    rewrite(path, lambda data: data.replace(b"|2017-", b"|2O17-"))
    warehouse = first_batch.copy(room / "warehouse", area)
    output = warehouse.refuse(*ROWS_ONLY)
    for words in ("Batch2/DailyMarket.txt", "line 1", "dm_date", "is not of type date", "max_rejected_share"):
        assert words in output
    assert warehouse.query("select max(batch_id) from core.fact_market_history") == [(1,)]
    path.unlink()
    os.link(loaded.landing / "Batch2/DailyMarket.txt", path)
    warehouse.load(*ROWS_ONLY)
    assert warehouse.unlike(loaded, rows_only=True) == {}


def test_an_incomplete_batch_is_left_for_later(first_batch: Warehouse, loaded: Warehouse, room: Path) -> None:
    """The last batch without its BatchDate.txt is still being delivered; it is loaded once it is complete."""
    area = copy_landing(first_batch.landing, room / "landing")
    marker = area / "Batch3/BatchDate.txt"
    marker.unlink()
    warehouse = first_batch.copy(room / "warehouse", area)
    warehouse.load(*ROWS_ONLY)
    assert warehouse.query("select max(batch_id) from operations.batches") == [(2,)]
    os.link(loaded.landing / "Batch3/BatchDate.txt", marker)
    warehouse.load(*ROWS_ONLY)
    assert warehouse.unlike(loaded, rows_only=True) == {}


def test_nothing_to_load_is_said(first_batch: Warehouse, room: Path) -> None:
    """A landing area that is not there is an error, never an empty warehouse."""
    warehouse = Warehouse(room / "warehouse", room / "nowhere", first_batch.session)
    assert "LANDING_DIR" in warehouse.refuse()


def test_a_second_writer_fails_with_a_message(first_batch: Warehouse, room: Path) -> None:
    """While one process writes, another fails with a message instead of waiting forever."""
    warehouse = first_batch.copy(room / "warehouse")
    with duckdb.connect(str(warehouse.path)):
        ran = warehouse.dbt("run")
    assert ran.code
    assert "is open in another process" in ran.output
