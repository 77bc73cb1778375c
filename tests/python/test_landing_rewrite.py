"""Landed files are rewritten as they are read: every format, whole or broken rows, and lines of others to the byte."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import duckdb
import pytest

from scripts.data_subjects.landing_rewrite import destroy, replace_destroying, rewrite_area
from scripts.data_subjects.ledger import Ledger, read_ledger
from scripts.data_subjects.persons import Person
from scripts.data_subjects.search import Needle, landed
from scripts.landing.definitions import Layout, layouts
from scripts.landing.readable import line_query

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
    """Keys by position, line ends as they were, the last line without its end; 7 shares are not customer 7."""
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


@pytest.mark.parametrize(
    ("field", "value", "is_read"),
    [
        (0, "X", False),
        (1, "2.5", False),
        (2, "8.5", False),
        (2, "8.0", True),
        (8, "12.5", False),
        (8, "3000000000", False),
        (9, "5.005", True),
        (10, "12.0", True),
        (10, "12.5", None),
        (14, "free", False),
        (15, "1|more", False),
    ],
)
def test_a_rejected_row_stays_rejected(
    room: Path, ledger: Ledger, person: Person, field: int, value: str, is_read: bool | None
) -> None:
    """A row is read by the loader's own checks, which reject a fraction where whole numbers are due, and read 12.0 as
    12. With another key than the person's it is left as it is.
    """
    fields = [
        "I",
        "2",
        "8",
        "2020-01-02 10:00:00",
        "PNDG",
        "TLB",
        "1",
        "AAA",
        "12",
        "5.00",
        "12",
        "Jane Roe",
        "",
        "",
        "",
        "",
    ]
    fields[field] = value
    landing = area(room, Trade_txt="|".join(fields) + "\n")
    rewrite_area(landing, person, ledger)
    fields[10], fields[11] = str(ledger.replacement("account", 12)), ""
    assert (
        read(landing, "Batch2/Trade.txt")
        == {
            True: "|".join(fields) + "\n",
            False: "ERASED\n",
            None: f"I|2|8|2020-01-02 10:00:00|PNDG|TLB|1|AAA|12|5.00|{value}|Jane Roe||||\n",
        }[is_read]
    )


@pytest.mark.parametrize(
    "layout", [d for d in layouts() if d.meta.get("cdc") or d.meta["format"] == "csv"], ids=lambda d: d.name
)
def test_the_loader_and_the_rewriter_read_alike(layout: Layout, landing: Path) -> None:
    """By each layout's landed rows, all of which were loaded, and by the same ones with a value that doesn't fit."""
    con = duckdb.connect()
    for path in sorted(landing.rglob(layout.file))[:2]:
        with_cdc = bool(layout.meta.get("cdc")) and path.parent.name != "Batch1"
        query = line_query(layout, with_cdc)
        for line in path.read_text(encoding="utf-8").splitlines()[:5]:
            assert con.execute(query, [line]).fetchall() == [(True,)], line
            for place, column in enumerate(layout.columns, start=2 if with_cdc else 0):
                if layout.meta["format"] == "pipe" and column.data_type in ("integer", "bigint"):
                    fields = line.split("|")
                    fields[place] = "7.5"
                    assert con.execute(query, ["|".join(fields)]).fetchall() == [(False,)], fields


@pytest.mark.parametrize("name", ["Customer.txt.bak", ".Customer.txt~", "customer.OLD.txt", "Customer_1.txt.part"])
def test_copies_are_rewritten_too(room: Path, ledger: Ledger, person: Person, name: str) -> None:
    """Files that the loader ignores, where the name shows of what they are a copy."""
    landing = area(room)
    (landing / "Batch2" / name).write_text("U|1|7" + IMAGE.format(dob="") + "\n", encoding="utf-8")
    assert rewrite_area(landing, person, ledger) == {f"Batch2/{name}": 1}
    assert "roe" not in read(landing, f"Batch2/{name}").lower()


def test_other_files_are_searched(room: Path, ledger: Ledger, person: Person) -> None:
    """Every line is listed in which the person stands as a word, and every file that can't be read as text."""
    needles = [Needle("quixotlby", "name"), Needle("roe", "name", is_shared=True)]
    landing = area(room)
    (landing / "Batch2" / "old").mkdir()
    texts = {
        "Batch2/old/Customer.txt": "U|1|7|Quixotlby\nRoe\nquixotlby\n",
        "letter.md": "Dear Mrs. Quixotlby\N{RIGHT SINGLE QUOTATION MARK}s son, \nquixotlbyx\nxquixotlby",
        "Batch2/notes": "Roe",
    }
    for name, text in texts.items():
        (landing / name).write_text(text, encoding="utf-8")
    (landing / "Batch2" / "Customer.txt.gz").write_bytes(gzip.compress(b"Quixotlby"))
    assert rewrite_area(landing, person, ledger, needles) == {}
    found = [place.removeprefix(f"{landing}/") for place in landed(landing, needles)]
    assert found == [
        "Batch2/Customer.txt.gz is no text, so it can't be searched",
        "Batch2/old/Customer.txt, line 1",
        "Batch2/old/Customer.txt, line 3",
        "letter.md, line 1",
    ]


def test_comments_that_name_the_person_are_emptied(room: Path, ledger: Ledger, person: Person) -> None:
    """Wherever they stand, with their line ends; not what is no comment, and not what is about others."""
    needles = [Needle("o'quix", "name"), Needle("jane", "name", is_shared=True)]
    other = '<t:Action ActionType="INACT" ActionTS="2019-01-01T00:00:00">{0}<Customer C_ID="77"/></t:Action>\n'
    text = (
        '<?xml version="1.0"?><!-- by O&apos;Quix --><t:Actions xmlns:t="x">\n'
        + other.format("<!-- o'QUIX\n-->")
        + other.format("<!-- Jane, O'Quixote --><![CDATA[<!-- O'Quix -->]]>")
        + "<!-- <t:Action ActionType='INACT'><Customer C_ID='7'>O'Quix</Customer></t:Action> -->"
        + "</t:Actions>"
    )
    landing = area(room, CustomerMgmt_xml=text)
    assert rewrite_area(landing, person, ledger, needles) == {"Batch1/CustomerMgmt.xml": 3}
    assert read(landing, "Batch1/CustomerMgmt.xml") == (
        '<?xml version="1.0"?><!----><t:Actions xmlns:t="x">\n'
        + other.format("<!--\n-->")
        + other.format("<!-- Jane, O'Quixote --><![CDATA[<!-- O'Quix -->]]>")
        + "<!----></t:Actions>"
    )


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


def test_rows_that_contradict_each_other_stay_rejected(room: Path, ledger: Ledger, person: Person) -> None:
    """Two rows of one key and different names would be the same without the names, and one of them would be loaded; of
    two that are the same, one was loaded.
    """
    rest = ",,F,1 elm,,123,X,Y,Z,,1,2,3,M,40,700,O,,1,2\n"
    landing = area(
        room, Prospect_csv="A7,Roe,Jane" + rest + "A7,Roe,Joan" + rest, Account_txt=2 * "U|1|12|3|7|Mine|1|ACTV\n"
    )
    assert rewrite_area(landing, person, ledger) == {"Batch2/Account.txt": 2, "Batch2/Prospect.csv": 2}
    assert read(landing, "Batch2/Prospect.csv") == "ERASED\nERASED\n"
    account, customer = ledger.replacement("account", 12), ledger.replacement("customer", 7)
    assert read(landing, "Batch2/Account.txt") == 2 * f"U|1|{account}|3|{customer}||1|ACTV\n"


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
