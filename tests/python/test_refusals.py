"""What cannot be loaded is refused with the file's name and a way out, and the warehouse stays as it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from warehouse import Warehouse, copy_landing, rewrite

Change = Callable[[Path], object]


@dataclass(frozen=True)
class Refusal:
    """Something wrong with a landing area, and what the message must say."""

    what: str
    change: Change
    says: tuple[str, ...]


def utf_16(path: Path) -> None:
    rewrite(path, lambda data: data.decode().encode("utf-16"))


def touched(path: Path) -> None:
    rewrite(path, lambda data: data)
    os.utime(path, (1, 1))


def linked_from_elsewhere(area: Path, name: str) -> None:
    elsewhere = area.with_name("elsewhere")
    (area / name).rename(elsewhere)
    (area / name).symlink_to(elsewhere)


REFUSALS = [
    Refusal("missing file", lambda a: (a / "Batch2/Trade.txt").unlink(), ("Batch2/Trade.txt is missing",)),
    Refusal(
        "empty file",
        lambda a: rewrite(a / "Batch2/Prospect.csv", lambda _: b""),
        ("Batch2/Prospect.csv is empty", "delivered"),
    ),
    Refusal(
        "Latin-1",
        lambda a: rewrite(a / "Batch3/Prospect.csv", lambda d: d + "é".encode("latin-1")),
        ("Batch3/Prospect.csv is not UTF-8", "exported as UTF-8"),
    ),
    Refusal("UTF-16", lambda a: utf_16(a / "Batch2/Customer.txt"), ("Batch2/Customer.txt", "UTF-8")),
    Refusal("gap", lambda a: (a / "Batch2/BatchDate.txt").unlink(), ("Batch2 is not complete", "through_batch: 1")),
    Refusal(
        "no date",
        lambda a: rewrite(a / "Batch3/BatchDate.txt", lambda _: b"soon\n"),
        ("Batch3/BatchDate.txt", "YYYY-MM-DD", "soon"),
    ),
    Refusal(
        "wrong date",
        lambda a: rewrite(a / "Batch3/BatchDate.txt", lambda _: b"2017-07-20\n"),
        ("Batch3/BatchDate.txt", "2017-07-20", "2017-07-09"),
    ),
    Refusal(
        "linked file",
        lambda a: linked_from_elsewhere(a, "Batch2/Trade.txt"),
        ("Batch2/Trade.txt is a link out of the landing area", "elsewhere", "put the files themselves"),
    ),
    Refusal(
        "linked batch",
        lambda a: linked_from_elsewhere(a, "Batch3"),
        ("Batch3 is a link out of the landing area", "elsewhere"),
    ),
    Refusal(
        "changed size",
        lambda a: rewrite(a / "Batch1/HR.csv", lambda d: d + b"999999,,New,Hand,,100,,,\n"),
        ("Batch1/HR.csv changed after it was loaded", "--full-refresh"),
    ),
    Refusal(
        "changed time",
        lambda a: touched(a / "Batch1/HR.csv"),
        ("Batch1/HR.csv changed after it was loaded", "--full-refresh"),
    ),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.what)
def test_what_cannot_be_loaded_is_refused(refusal: Refusal, first_batch: Warehouse, room: Path) -> None:
    """The message names the file and the way out, and no table has changed."""
    area = copy_landing(first_batch.landing, room / "landing")
    refusal.change(area)
    warehouse = first_batch.copy(room / "warehouse", area)
    output = warehouse.refuse()
    for words in refusal.says:
        assert words in output
    assert warehouse.unlike(first_batch) == {}


def test_too_many_bad_rows_stop_the_load(first_batch: Warehouse, loaded: Warehouse, room: Path) -> None:
    """Half a file of bad rows is refused, none of it is loaded, and the corrected file loads as if nothing had been."""
    area = copy_landing(first_batch.landing, room / "landing")
    path = area / "Batch2/DailyMarket.txt"
    rewrite(path, lambda data: data.replace(b"|2017-", b"|2O17-"))
    warehouse = first_batch.copy(room / "warehouse", area)
    output = warehouse.refuse()
    for words in ("Batch2/DailyMarket.txt", "line 1", "dm_date", "is not of type date", "max_rejected_share"):
        assert words in output
    staged = "select count(*) from staging.stg_brokerage__daily_market where batch_id > 1"
    assert warehouse.query(staged) == [(0,)]
    path.unlink()
    os.link(loaded.landing / "Batch2/DailyMarket.txt", path)
    warehouse.load()
    assert warehouse.unlike(loaded) == {}


def test_an_incomplete_batch_is_left_for_later(first_batch: Warehouse, loaded: Warehouse, room: Path) -> None:
    """The last batch without its BatchDate.txt is still being delivered; it is loaded once it is complete."""
    area = copy_landing(first_batch.landing, room / "landing")
    marker = area / "Batch3/BatchDate.txt"
    marker.unlink()
    warehouse = first_batch.copy(room / "warehouse", area)
    warehouse.load()
    assert warehouse.query("select max(batch_id) from operations.batches") == [(2,)]
    os.link(loaded.landing / "Batch3/BatchDate.txt", marker)
    warehouse.load()
    assert warehouse.unlike(loaded) == {}


def test_nothing_to_load_is_said(first_batch: Warehouse, room: Path) -> None:
    """A landing area that is not there is an error, never an empty warehouse."""
    warehouse = Warehouse(room / "warehouse", room / "nowhere", first_batch.session)
    assert "LANDING_DIR" in warehouse.refuse()


def test_a_second_writer_is_told(first_batch: Warehouse, room: Path) -> None:
    """While one process writes, another says so instead of waiting for ever."""
    warehouse = first_batch.copy(room / "warehouse")
    with duckdb.connect(str(warehouse.path)):
        ran = warehouse.dbt("run")
    assert ran.code
    assert "is open in another process" in ran.output
