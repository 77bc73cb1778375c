"""Which values are searched for, and where they are found; a value that others have too proves nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from scripts.columns import Column
from scripts.data_subjects import search
from scripts.data_subjects.persons import Person, Table
from scripts.data_subjects.search import Needle, mentions, needles

KINDS = {
    "customer_id": "identifier",
    "account_id": "identifier",
    "last_name": "name",
    "first_name": "name",
    "account_name": "name",
    "executed_by": "name",
    "email": "contact",
    "tax_id": "government_id",
    "description": "free_text",
}
SUBJECTS = {"customer_id": "customer", "account_id": "account"}
TABLES = {
    "customers": ("customer_id", "last_name", "first_name", "email", "tax_id"),
    "accounts": ("account_id", "customer_id", "account_name"),
    "trades": ("trade_id", "account_id", "executed_by"),
    "cash": ("cash_id", "account_id", "description"),
}
ME = Person({"customer": {"1"}, "account": {"10"}})
OWN = {
    "customers": ("1", "Quixotlby", "Annabel", "q@vrang.example", "987-65-4320"),
    "accounts": ("10", "1", "Quixotlby's Own"),
    "trades": ("100", "10", "Edwin Broker"),
    "cash": ("1000", "10", "for me"),
}
OTHER = {
    "customers": ("2", "Poe", "Edgar", "e@poe.example", "111-11-1111"),
    "accounts": ("20", "2", "Poe's"),
    "trades": ("200", "20", "Somebody"),
    "cash": ("2000", "20", "nothing"),
}


def held(changes: dict[str, tuple[int, str]]) -> tuple[list[Needle], list[str], set[str]]:
    """What is sought of a person, and where, with some values of another person's rows changed."""
    con = duckdb.connect()
    con.execute("create schema core")
    tables = []
    for name, columns in TABLES.items():
        con.execute(f"create table core.{name} ({', '.join(f'{c} varchar' for c in columns)})")
        theirs = list(OTHER[name])
        if name in changes:
            theirs[changes[name][0]] = changes[name][1]
        marks = ", ".join("?" for _ in columns)
        con.executemany(f"insert into core.{name} values ({marks})", [OWN[name], theirs])
        described = (
            Column(c, "VARCHAR", {"classification": "personal", "kind": KINDS.get(c), "subject": SUBJECTS.get(c)})
            for c in columns
        )
        tables.append(Table("core", name, tuple(described)))
    sought = needles(con, tables, ME)
    return sought, *mentions(con, tables, ME, sought)


@pytest.mark.parametrize(
    ("table", "place", "text", "key"),
    [
        ("cash", 2, "Fee for 987-65-4320", "core.cash, column description, cash_id 2000, account_id 20"),
        ("cash", 2, "see Q@VRANG.example.", "core.cash, column description, cash_id 2000, account_id 20"),
        (
            "cash",
            2,
            "Annabel\N{RIGHT SINGLE QUOTATION MARK}s fee",
            "core.cash, column description, cash_id 2000, account_id 20",
        ),
        ("accounts", 2, "Quixotlby", "core.accounts, column account_name, account_id 20, customer_id 2"),
        ("accounts", 2, "Quixotlby's Own", "core.accounts, column account_name, account_id 20, customer_id 2"),
        ("trades", 2, "Annabel Quixotlby", "core.trades, column executed_by, trade_id 200, account_id 20"),
        # Keys tell which row is meant; a tax id is none, whatever its name ends in.
        ("customers", 3, "987-65-4320", "core.customers, column email, customer_id 2"),
    ],
)
def test_what_merely_stands_in_anothers_row_is_found(table: str, place: int, text: str, key: str) -> None:
    """A tax id in a description is no less the person's for it, nor is a name in the name of another's account."""
    sought, found, _ = held({table: (place, text)})
    assert found == [key]
    assert {n.value for n in sought if not n.is_shared} >= {"987-65-4320", "q@vrang.example", "quixotlby", "annabel"}


@pytest.mark.parametrize(
    ("table", "place", "text", "shared"),
    [
        ("customers", 1, "QUIXOTLBY", "quixotlby"),
        ("customers", 3, "q@vrang.example", "q@vrang.example"),
        ("trades", 2, "Edwin Broker", "edwin broker"),
    ],
)
def test_what_is_anothers_own_is_not_sought(table: str, place: int, text: str, shared: str) -> None:
    sought, found, _ = held({table: (place, text)})
    assert found == [] and [n.value for n in sought if n.is_shared] == [shared]
    # First and last name together are still the person's alone.
    assert "annabel quixotlby" in {n.value for n in sought if not n.is_shared}


def test_a_part_of_a_word_is_no_match() -> None:
    """The part occurs in the file's bytes too, so that a search of bytes proves nothing."""
    _, found, live = held({"cash": (2, "Annabella, 1987-65-43201")})
    assert found == [] and {"annabel", "987-65-4320"} <= live


def test_lines_are_told_across_blocks(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the blocks end in which a file is read."""
    path = room / "note"
    path.write_text(
        "annabel\nxannabel\nannabelx\n\N{LATIN SMALL LETTER E WITH ACUTE}annabel\n(annabel)\nAnnabel", encoding="utf-8"
    )
    for size in range(1, 40):
        monkeypatch.setattr(search, "BLOCK", size)
        found = search.landed(room, [Needle("annabel", "name")])
        assert found == [f"{path}, line {n}" for n in (1, 5, 6)], size
