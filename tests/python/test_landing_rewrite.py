"""Landed files are rewritten as they are read: every format, whole or broken rows, and lines of others to the byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts.privacy.landing_rewrite import destroy, replace_destroying, rewrite_area
from scripts.privacy.ledger import Ledger, read_ledger
from scripts.privacy.subjects import Person

KEY = "ROE\x1fJANE\x1f1 ELM\x1f\x1f123"
IMAGE = "|99-9|ACTV|Roe|Jane||F|1|{dob}|1 Elm||123|X|Y|Z|||5551234||||||||||j@roe.example||OR4|CN2"


@pytest.fixture
def ledger(room: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setenv("WAREHOUSE_KEYS", str(room / "keys"))
    ledger = read_ledger(room / "ledger.jsonl")
    ledger.erase([("customer", 7), ("account", 12), ("prospect", "A7"), ("person", KEY)], "one")
    return ledger


@pytest.fixture
def person() -> Person:
    return Person({"customer": {"7"}, "account": {"12"}, "prospect": {"A7"}, "match_key": {KEY}})


def area(room: Path, **files: str) -> Path:
    """A landing area of two batches with the files given; names like Trade_txt are files of batch 2."""
    for number in (1, 2):
        folder = room / "landing" / f"Batch{number}"
        folder.mkdir(parents=True)
        (folder / "BatchDate.txt").write_text(f"2020-01-0{number}\n", encoding="utf-8")
    for name, text in files.items():
        folder = room / "landing" / ("Batch1" if name.endswith("xml") else "Batch2")
        (folder / name.replace("_", ".")).write_bytes(text.encode())
    return room / "landing"


def read(landing: Path, name: str) -> str:
    return (landing / name).read_bytes().decode()


def test_pipe(room: Path, ledger: Ledger, person: Person) -> None:
    """Keys by position, line ends as they were, the last line without its end; 7 shares and account 112 are nobody."""
    other = "I|1|7|2020-01-02 10:00:00|PNDG|TLB|1|AAA|12|5.00|112|Ed Poe||||\r\n"
    mine = "I|2|8|2020-01-02 10:00:00|PNDG|TLB|1|AAA|12|5.00|{0}|{1}||||\r\n"
    broken = "I|3|9|2020-01-02|12|Jane Roe\r\n"
    unread = "I|4|10|no date|PNDG|TLB|1|AAA|12|5.00|12|Jane Roe||||"
    text = other + mine.format("012", "Jane Roe") + broken + other + unread
    landing = area(room, Trade_txt=text)
    assert rewrite_area(landing, person, ledger) == {"Batch2/Trade.txt": 3}
    account = ledger.replacement("account", 12)
    assert read(landing, "Batch2/Trade.txt") == other + mine.format(account, "") + "ERASED\r\n" + other + "ERASED"
    assert rewrite_area(landing, person, ledger) == {}


def test_birth_dates_that_raise_alerts(room: Path, ledger: Ledger, person: Person) -> None:
    """A hundred years old on the batch's day raises an alert, and a day less does not."""
    dates = ["1920-01-02", "1920-01-03", "2020-01-02", "2020-01-03", ""]
    lines = [f"U|{n}|7" + IMAGE.format(dob=d) for n, d in enumerate(dates)]
    landing = area(room, Customer_txt="\n".join(lines) + "\n")
    rewrite_area(landing, person, ledger)
    rows = [line.split("|") for line in read(landing, "Batch2/Customer.txt").splitlines()]
    assert [r[10] for r in rows] == ["1000-01-01", "", "", "1000-01-01", ""]
    token = ledger.replacement("customer", 7)
    assert {(r[2], r[5], r[9]) for r in rows} == {(token, f"ERASED {token}", "1")}
    assert "roe" not in read(landing, "Batch2/Customer.txt").lower()


def test_csv(room: Path, ledger: Ledger, person: Person) -> None:
    """By number or by name and address in any letter case; quotes, line ends in quotes; others to the byte."""
    rest = ",,F,1 elm,,123,X,Y,Z,,1,2,3,M,40,700,O,{0},1,2"
    other = 'B1,Poe,"Ed ""the"" A7"' + rest.format('"two\nlines"') + "\n"
    text = (
        other
        + "A7,Other,Name"
        + rest.format('"in, a ""quote"""')
        + "\n"
        + "B2,rOe,jane"
        + rest.format("")
        + "\n"
        + other
    )
    landing = area(room, Prospect_csv=text)
    assert rewrite_area(landing, person, ledger) == {"Batch2/Prospect.csv": 2}
    number, name = ledger.replacement("prospect", "A7"), ledger.replacement("person", KEY)
    by_name = f"{name}-{ledger.hash('prospect', 'B2')[:12]}"
    expected = f"{number},ERASED {number}{',' * 20}\n{by_name},ERASED {name}{',' * 20}\n"
    assert read(landing, "Batch2/Prospect.csv") == other + expected + other


def test_xml(room: Path, ledger: Ledger, person: Person) -> None:
    """Presence is kept, for absent and empty mean different things; a broken element stays one that can't be read."""
    head = '<?xml version="1.0"?>\r\n<t:Actions xmlns:t="http://www.tpc.org/tpc-di">\r\n'
    other = '<t:Action ActionType="INACT" ActionTS="2019-01-01T00:00:00"><Customer C_ID="77"/></t:Action>\r\n'
    mine = (
        "<t:Action ActionTS='2019-01-01T00:00:00' ActionType='UPDCUST'>\r\n<Customer  C_ID = '7' X='Roe'><!-- Roe -->"
        "<Name><C_F_NAME>O&apos;Roe</C_F_NAME><C_M_NAME/></Name>Roe</Customer></t:Action>"
    )
    broken = "<t:Action ActionType='INACT'><Customer C_ID='7'>Roe</t:Action>"
    landing = area(room, CustomerMgmt_xml=head + other + mine + "\r\n" + broken + "\r\n" + other + "</t:Actions>")
    assert rewrite_area(landing, person, ledger) == {"Batch1/CustomerMgmt.xml": 2}
    token = ledger.replacement("customer", 7)
    cleared = (
        '<t:Action ActionTS="2019-01-01T00:00:00" ActionType="UPDCUST">\r\n'
        f'<Customer C_ID="{token}"><Name><C_F_NAME></C_F_NAME><C_M_NAME></C_M_NAME></Name></Customer></t:Action>'
    )
    empty = '<t:Action ActionType="ERASED"></t:Action>'
    text = read(landing, "Batch1/CustomerMgmt.xml")
    assert text == head + other + cleared + "\r\n" + empty + "\r\n" + other + "</t:Actions>"


def test_a_batch_that_is_not_complete_is_left_alone(room: Path, ledger: Ledger, person: Person) -> None:
    landing = area(room, Customer_txt="U|1|7" + IMAGE.format(dob="") + "\n")
    (landing / "Batch2" / "BatchDate.txt").unlink()
    assert rewrite_area(landing, person, ledger) == {}


def test_old_bytes_are_overwritten(room: Path) -> None:
    """Those of a replaced file and of a removed one; a file that has another name keeps its bytes."""
    old, new = room / "old", room / "new"
    old.write_bytes(b"secret" * 100)
    new.write_bytes(b"clean")
    with open(old, "rb") as seen:
        replace_destroying(new, old)
        assert old.read_bytes() == b"clean" and seen.read() == bytes(600)
    with open(old, "rb") as seen:
        destroy(old)
        assert not old.exists() and seen.read() == bytes(5)
    old.write_bytes(b"secret")
    os.link(old, room / "other name")
    destroy(old)
    assert not old.exists() and (room / "other name").read_bytes() == b"secret"
