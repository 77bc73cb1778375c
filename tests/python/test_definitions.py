"""The layouts in YAML agree with the macros that use them and with what the generator writes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from warehouse import Warehouse

from scripts.landing.definitions import Layout, layout, layouts
from scripts.landing.inventory import survey

DELIMITED = [definition for definition in layouts() if definition.meta["format"] in ("pipe", "csv")]


def test_every_feed_is_reconciled(loaded: Warehouse) -> None:
    """A feed that is added to the YAML cannot be forgotten by the reconciliation."""
    reconciled = loaded.query("select distinct source_name from operations.reconciliation")
    assert {name for (name,) in reconciled} == {feed.name for feed in layouts() if not feed.is_control}


@pytest.mark.parametrize("definition", DELIMITED, ids=lambda definition: definition.name)
def test_files_have_the_columns_of_their_layout(definition: Layout, landing: Path) -> None:
    """Every line of every file has as many fields as its layout, with two more in a change file of a later batch."""
    delimiter = "|" if definition.meta["format"] == "pipe" else ","
    files = [file for file in survey(landing).files if file.source == definition.name]
    assert files
    for file in files:
        expected = len(definition.columns) + (2 if definition.meta.get("cdc") and file.batch_id > 1 else 0)
        with open(file.path, encoding="utf-8", newline="") as stream:
            if delimiter == "|":
                fields = {line.count("|") + 1 for line in stream}
            else:
                fields = {len(row) for row in csv.reader(stream)}
        assert fields <= {expected}


@pytest.mark.parametrize(("name", "width"), [("newswire.company", 543), ("newswire.security", 220)])
def test_fixed_widths_add_up(name: str, width: int) -> None:
    """A record is as long as the standard says."""
    assert sum(column.meta["width"] for column in layout(name).columns) == width


@pytest.mark.parametrize(
    ("file", "ours", "others"),
    [
        (
            "Trade.txt",
            "Trade.txt Trade_1.txt Trade_12.txt",
            "TradeHistory.txt Trade_audit.csv TradeType.txt Trade_.txt",
        ),
        ("WIRE????-[1-4].v2.dat", "WIRE1985-4.v2.dat WIRE1985-4.v2_7.dat", "WIRE1985-5.v2.dat WIRE85-1.v2.dat .WIRE"),
        ("*_list.csv", "a_list.csv b.c-d_list_2.csv", ".a_list.csv a_list.txt a(1)_list.csv"),
    ],
)
def test_a_whole_file_or_its_parts_are_found_and_no_other(file: str, ours: str, others: str) -> None:
    """`Trade` is found whole and in parts, and never takes `TradeHistory` or control totals for its own."""
    pattern = Layout("feed", "new", (), {"file": file, "format": "pipe"}).pattern
    assert all(pattern.fullmatch(name) for name in ours.split())
    assert not any(pattern.fullmatch(name) for name in others.split())


def test_a_feed_is_named_after_its_file() -> None:
    """A pattern gives what stands before its first wildcard."""
    names = {definition.file: definition.feed for definition in layouts() if not definition.is_control}
    assert names["FINWIRE[0-9][0-9][0-9][0-9]Q[1-4]"] == "FINWIRE"
    assert names["Trade.txt"] == "Trade" and len(set(names.values())) == len(names)
