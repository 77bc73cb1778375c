"""Deliveries land whole and once, in the right batch and in the loader's spelling; what cannot be meant is refused."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import postgres_server
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse import PROJECT

from scripts.columns import Column
from scripts.deliver import land
from scripts.deliver.cells import cleaners
from scripts.deliver.origin import Delivery
from scripts.landing.definitions import Layout
from scripts.landing.errors import LandingError
from scripts.landing.inventory import complete_batches

FAST = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
# A Saturday and a Sunday without batch would be expected absences; these days are consecutive.
DAYS = {1: "2017-07-07", 2: "2017-07-08", 3: "2017-07-09"}
DATED = {"from": "in/things-*.csv", "kind": "dated", "date": "things-%Y-%m-%d.csv"}
REPLACED = {"from": "in/things.csv", "kind": "replaced"}
CELL = st.text(st.sampled_from('a1,;"\n\r é') | st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)


def thing(delivery: dict[str, Any], *columns: Column) -> Layout:
    """A layout with the columns `id` and `note`, unless others are given."""
    columns = columns or (Column("id", "integer", {}), Column("note", "varchar", {}))
    meta = {"file": "Things_????-??-??.csv", "format": "csv", "batches": "any", "delivery": delivery}
    return Layout("test", "things", columns, meta, PROJECT / "dbt_project.yml")


class Place:
    """A landing area of three complete batches, and a folder of deliveries for one layout."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.landing, self.deliveries = folder / "landing", folder / "deliveries"
        self.monkeypatch = monkeypatch
        self.said: list[str] = []
        (self.deliveries / "in").mkdir(parents=True)
        monkeypatch.setenv("DELIVERIES_DIR", str(self.deliveries))
        for number in DAYS:
            self.complete(number, DAYS[number])

    def complete(self, number: int, day: str) -> None:
        (self.landing / f"Batch{number}").mkdir(parents=True)
        (self.landing / f"Batch{number}" / "BatchDate.txt").write_text(day + "\n")

    def give(self, name: str, content: str | bytes = "id,note\n1,a\n") -> Path:
        path = self.deliveries / "in" / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def deliver(self, layout: Layout) -> dict[str, str]:
        """Deliver; returns what has landed, by name."""
        self.said.clear()
        self.monkeypatch.setattr(land, "layouts", lambda: (layout,))
        land.deliver(self.landing, self.said.append)
        return self.landed()

    def landed(self) -> dict[str, str]:
        found = sorted(p for p in self.landing.rglob("*") if p.is_file() and p.name != "BatchDate.txt")
        return {p.relative_to(self.landing).as_posix(): p.read_bytes().decode() for p in found}

    def refused(self, layout: Layout) -> str:
        with pytest.raises(LandingError) as raised:
            self.deliver(layout)
        return str(raised.value)


@pytest.fixture
def place(room: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(room, monkeypatch)


def test_dated_files_land_in_the_first_batch_from_their_day_on(place: Place) -> None:
    """History goes to batch 1; what is newer than the newest batch waits, and is said so."""
    for day in ("2016-01-01", "2017-07-08", "2017-07-10"):
        place.give(f"things-{day}.csv")
    once = place.deliver(thing(DATED))
    assert once == {"Batch1/Things_2016-01-01.csv": "1,a\n", "Batch2/Things_2017-07-08.csv": "1,a\n"}
    assert [line for line in place.said if "waits" in line] == [
        f"{place.deliveries}/in/things-2017-07-10.csv waits for the batch of 2017-07-10."
    ]
    times = {name: (place.landing / name).stat().st_mtime_ns for name in once}
    assert place.deliver(thing(DATED)) == once and len(place.said) == 1
    assert times == {name: (place.landing / name).stat().st_mtime_ns for name in once}
    place.complete(4, "2017-07-10")
    assert set(place.deliver(thing(DATED))) - set(once) == {"Batch4/Things_2017-07-10.csv"}


def test_a_corrected_file_lands_even_with_an_older_time(place: Place) -> None:
    """Programs that copy files keep their times; what counts is when they came."""
    path = place.give("things-2017-07-08.csv")
    place.deliver(thing(DATED))
    place.give("new", "id,note\n2,b\n").replace(path)
    os.utime(path, (0, 0))
    assert place.deliver(thing(DATED)) == {"Batch2/Things_2017-07-08.csv": "2,b\n"}


def test_a_changed_layout_is_applied_to_what_has_landed(place: Place) -> None:
    place.give("things-2017-07-08.csv", "id,note\n1,-\n")
    place.deliver(thing(DATED))
    sources = place.deliveries / "_things__sources.yml"
    sources.touch()
    layout = thing(DATED | {"nulls": ["-"]})
    assert place.deliver(Layout(layout.source, layout.table, layout.columns, layout.meta, sources)) == {
        "Batch2/Things_2017-07-08.csv": "1,\n"
    }


def test_a_state_lands_where_it_is_new(place: Place) -> None:
    """In the newest batch, and not again before it changes."""
    place.give("things.csv")
    first = {"Batch3/Things_2017-07-09.csv": "1,a\n"}
    assert place.deliver(thing(REPLACED)) == first
    place.complete(4, "2017-07-10")
    place.give("things.csv")
    assert place.deliver(thing(REPLACED)) == first and not place.said
    place.give("things.csv", "id,note\n1,b\n")
    second = place.deliver(thing(REPLACED))
    assert second == first | {"Batch4/Things_2017-07-10.csv": "1,b\n"}
    # Back to what it was: newer than what landed last.
    place.give("things.csv")
    assert place.deliver(thing(REPLACED)) == first | {"Batch4/Things_2017-07-10.csv": "1,a\n"}
    (place.deliveries / "in/things.csv").unlink()
    assert len(place.deliver(thing(REPLACED))) == 2 and "is not there" in place.said[0]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_kill_loses_nothing(place: Place, moment: str) -> None:
    """Killed while a file is written, and before it is renamed: nothing half is there, the next run completes it."""
    place.give("things-2017-07-07.csv")
    place.give("things-2017-07-08.csv")
    killer = (
        "import os, signal\nfrom pathlib import Path\nfrom unittest import mock\nimport sys\n"
        "sys.path.insert(0, 'tests/python')\nfrom test_deliver import DATED, thing\nfrom scripts.deliver import land\n"
        "land.layouts = lambda: (thing(DATED),)\n"
        f"owner = os if {moment!r} == 'fsync' else Path\nkept = getattr(owner, {moment!r})\ncalls = []\n"
        "def at_the_second(*arguments):\n    calls.append(1)\n"
        # A file and its folder are flushed, so the third call is the second file's.
        f"    if len(calls) == (3 if {moment!r} == 'fsync' else 2): os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return kept(*arguments)\n"
        f"setattr(owner, {moment!r}, at_the_second)\n"
        f"land.deliver(Path({str(place.landing)!r}), print)\n"
    )
    ran = subprocess.run([sys.executable, "-c", killer], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    left = place.landed()
    assert left.pop("Batch1/Things_2017-07-07.csv") == "1,a\n"
    assert set(left) == {"Batch2/.Things_2017-07-08.csv.delivering"}
    assert place.deliver(thing(DATED)) == {
        "Batch1/Things_2017-07-07.csv": "1,a\n",
        "Batch2/Things_2017-07-08.csv": "1,a\n",
    }


@FAST
@given(
    rows=st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=6),
    delimiter=st.sampled_from([";", ",", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_cell_arrives(
    tmp_path: Path, rows: list[list[str]], delimiter: str, encoding: str, line_end: str
) -> None:
    """As many rows as came, of as many cells each, as DuckDB and Python read them; line ends in a cell become LF."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    path = tmp_path / "in.csv"
    path.write_bytes((stream.getvalue() + line_end * 2).encode(encoding))
    text = {"delimiter": delimiter, "encoding": "utf-8" if encoding == "utf-8-sig" else encoding, "header": False}
    delivery = Delivery.of(thing(REPLACED | text, *(Column(name, "varchar", {}) for name in "ab")))
    due = land._Due(delivery, path, tmp_path / "out.csv", tmp_path / "out.csv")
    count, contents, _ = land._write(due, due.target)
    expected = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows]
    with open(due.target, encoding="utf-8", newline="") as written:
        assert list(csv.reader(written, strict=True)) == expected
    assert count == len(rows) == contents.rows.get("test.things", 0)


@pytest.mark.parametrize(
    ("data_type", "written", "cells"),
    [
        (
            "date",
            {"date_format": ["%d.%m.%Y", "%d/%m/%y"]},
            {
                " 31.01.2017 ": "2017-01-31",
                "1/2/17": "2017-02-01",
                "31.02.2017": "31.02.2017",
                "2017-01-31": "'2017-01-31'",
                "soon": "soon",
                "": "",
            },
        ),
        (
            "timestamp",
            {"date_format": ["%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z"]},
            {"31.01.2017 23:59": "2017-01-31 23:59:00", "2017-01-31T01:00:00+0200": "2017-01-30 23:00:00"},
        ),
        ("date", {"date_format": "%d.%m.%Y %H:%M"}, {"1.2.2017 00:00": "2017-02-01", "1.2.2017 9:00": "1.2.2017 9:00"}),
        (
            "decimal(10,2)",
            {"decimal": ",", "thousands": "."},
            {
                "1.234,5": "1234.5",
                "-,5": "-.5",
                "12": "12",
                "1.234.567": "1234567",
                # Neither grouped in threes nor with a comma: not 1.5.
                "1.5": "'1.5'",
                "1,2,3": "1,2,3",
                "n/a": "n/a",
            },
        ),
        ("integer", {"thousands": " "}, {"1\u202f234": "1234", "1 234": "1234", "12 34": "12 34"}),
        ("double", {"thousands": ","}, {"1,234.5e3": "1234.5e3", "1,23": "1,23"}),
        ("decimal(10,2)", {}, {" 1.5 ": "1.5", "1,5": "1,5"}),
        ("varchar", {"nulls": ["n/a", "-"]}, {"n/a": "", " - ": "", " x": " x"}),
        ("varchar", {"trim": True}, {" x ": "x"}),
    ],
)  # fmt: skip
def test_cells_are_spelled_as_the_loader_reads_them(
    data_type: str, written: dict[str, Any], cells: dict[str, str]
) -> None:
    """What fits becomes ISO and decimal points; what doesn't is nothing that the loader would take for a value."""
    ((_, clean),) = cleaners(Delivery.of(thing(REPLACED, Column("x", data_type, written))))
    assert {cell: clean(cell) for cell in cells} == cells
    unfit = [new for cell, new in cells.items() if data_type != "varchar" and new.strip("'") == cell != new]
    with duckdb.connect() as con:
        assert all(con.execute(f"select try_cast(? as {data_type})", [cell]).fetchall() == [(None,)] for cell in unfit)


def test_columns_are_found_by_their_names(place: Place) -> None:
    """Put in order where they stand otherwise; rows of another length stay as they are, for the loader to reject."""
    place.give("things.csv", "Anmerkung; id \n a;1\nb\n\nc;3;4\n")
    layout = thing(
        REPLACED | {"delimiter": ";"}, Column("id", "integer", {}), Column("note", "varchar", {"header": "Anmerkung"})
    )
    assert place.deliver(layout) == {"Batch3/Things_2017-07-09.csv": "1, a\nb\nc,3,4\n"}
    assert place.said == [f"Batch3/Things_2017-07-09.csv has landed: 3 rows of {place.deliveries}/in/things.csv."]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id\n1\n", "its header lacks 'note'"),
        ("id,note,more\n1,a,b\n", "its header has 'more'"),
        ("id,remark\n1,a\n", "its header lacks 'note' and has 'remark'"),
        ("", "is empty: it has not even a header"),
        ('id,note\n1,"a\n', "line 2: unexpected end of data"),
        ('id,note\n1,"a" b\n', "line 2: ',' expected after '\"'"),
        ("id,note\n1,a\0\n", "zero bytes"),
        (b"id,note\n1,\xe9\n", "is not utf-8: what follows line"),
    ],
)
def test_what_differs_is_refused(place: Place, content: str | bytes, said: str) -> None:
    """With the file, what is wrong and what to do; nothing of it lands."""
    path = place.give("things.csv", content)
    message = place.refused(thing(REPLACED))
    assert said in message and str(path) in message
    assert not place.landed()


def test_names_that_occur_twice_stand_where_they_stood(place: Place) -> None:
    columns = [Column(name, "varchar", {"header": header}) for name, header in (("a", "x"), ("b", "y"), ("c", "x"))]
    place.give("things.csv", "x,y,x\n1,2,3\n")
    assert list(place.deliver(thing(REPLACED, *columns)).values()) == ["1,2,3\n"]
    place.give("things.csv", "x,x,y\n1,2,3\n")
    assert "names that occur twice stand in another order" in place.refused(thing(REPLACED, *columns))


def test_one_refusal_does_not_keep_others_from_landing(place: Place) -> None:
    place.give("things-2017-07-07.csv", "nothing of it\n")
    place.give("things-2017-07-08.csv")
    assert "things-2017-07-07.csv" in place.refused(thing(DATED))
    assert list(place.landed()) == ["Batch2/Things_2017-07-08.csv"]


@pytest.mark.parametrize(
    ("delivery", "said"),
    [
        (DATED | {"delimeter": ";"}, "nothing reads delimeter"),
        ({"from": "a.csv", "kind": "daily"}, "its kind, dated or replaced"),
        ({"from": "a-*.csv", "kind": "dated"}, "give `date` to dated files"),
        ({"from": "sqlite:a.db", "kind": "replaced"}, "names no table"),
        (REPLACED | {"encoding": "latin-99"}, "there is no encoding 'latin-99'"),
        (REPLACED | {"skip": "2"}, "'2' is not a count"),
    ],
)
def test_a_delivery_that_cannot_be_meant_is_refused(place: Place, delivery: dict[str, Any], said: str) -> None:
    place.give("things.csv")
    assert said in place.refused(thing(delivery))


def test_names_without_their_day_are_refused(place: Place) -> None:
    place.give("things-final.csv")
    assert "things-final.csv is not named like things-%Y-%m-%d.csv" in place.refused(thing(DATED))
    (place.deliveries / "in/things-final.csv").unlink()
    place.give("things-2017-07-08.csv")
    place.give("things-2017-7-8.csv")
    assert "are both to be" in place.refused(thing(DATED))


def workbook(path: Path, *titles: str) -> None:
    """A workbook as Excel writes it: a sheet of titles, texts, whole and other numbers, and a day."""
    kinds = "http://schemas.openxmlformats.org"
    relations = f'<Relationships xmlns="{kinds}/package/2006/relationships">'
    main = f'xmlns="{kinds}/spreadsheetml/2006/main"'
    office = f"{kinds}/officeDocument/2006/relationships"
    above = "".join(f'<row><c t="inlineStr"><is><t>{title}</t></is></c></row><row/>' for title in titles)
    cells = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("id", "note", "more"))
    files = {
        "_rels/.rels": f'{relations}<Relationship Id="a" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/_rels/workbook.xml.rels": f'{relations}<Relationship Id="b" Type="{office}/worksheet" '
        f'Target="worksheets/sheet1.xml"/><Relationship Id="s" Type="{office}/styles" Target="styles.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets><sheet name="All" sheetId="1" r:id="b"/>'
        "</sheets></workbook>",
        "xl/styles.xml": f'<styleSheet {main}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>",
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{above}<row>{cells}</row>"
        '<row><c><v>1</v></c><c s="1"><v>42924</v></c><c><v>0.30000000000000004</v></c></row><row/>'
        '<row><c><v>2</v></c><c><v>1.5</v></c><c><v>7</v></c></row></sheetData></worksheet>',
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def test_other_formats_are_the_same_rows(place: Place) -> None:
    """JSON in lines and as an array, Parquet, tables of SQLite and DuckDB; sorted where rows have no order."""
    rows = [{"note": 'é"', "id": 1}, {"id": 2}]
    place.give("things.jsonl", "\n".join(json.dumps(row) for row in rows))
    place.give("things.json", json.dumps(rows))
    with sqlite3.connect(place.deliveries / "in/things.db") as lite:
        lite.execute("create table things (note text, id integer)")
        lite.executemany("insert into things values (?, ?)", [(None, 2), ('é"', 1)])
    lite.close()
    with duckdb.connect(str(place.deliveries / "in/things.duckdb")) as con:
        con.execute("create schema s; create table s.things as select 2 as id, null::varchar as note")
        con.execute("insert into s.things values (1, 'é\"')")
        con.execute(f"copy (from s.things order by 1) to '{place.deliveries}/in/things.parquet' (format parquet)")
    for origin in ("in/things.jsonl", "in/things.json", "in/things.parquet", "duckdb:in/things.duckdb#s.things"):
        assert place.deliver(thing({"from": origin, "kind": "replaced"})) == {
            "Batch3/Things_2017-07-09.csv": '1,"é"""\n2,\n'
        }, origin
    # SQLite sorts by the first column first, and it is the note.
    assert list(place.deliver(thing({"from": "sqlite:in/things.db#things", "kind": "replaced"})).values()) == [
        '2,\n1,"é"""\n'
    ]
    assert "no such table" in place.refused(thing({"from": "sqlite:in/things.db#nothing", "kind": "replaced"}))
    place.give("things.json", '[{"id": 1')
    assert "things.json cannot be read" in place.refused(thing({"from": "in/things.json", "kind": "replaced"}))


def test_values_within_values_are_json_and_moments_utc(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is read."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with duckdb.connect() as con:
        con.execute(
            "copy (select {'a': 'x', 'b': [1, 2]} as id, timestamptz '2017-07-08 01:00:00+02' as note, "
            f"map {{'k': 1.5}} as m) to '{place.deliveries}/in/things.parquet' (format parquet)"
        )
    columns = [Column(name, "varchar", {}) for name in ("id", "note", "m")]
    (landed,) = place.deliver(thing({"from": "in/things.parquet", "kind": "replaced"}, *columns)).values()
    assert next(csv.reader([landed])) == ['{"a":"x","b":[1,2]}', "2017-07-07 23:00:00+00", '{"k":1.5}']


def test_a_workbook_is_read(place: Place) -> None:
    """Whole numbers have no fraction, other ones the digits that Excel shows, days are days, and titles no rows."""
    workbook(place.deliveries / "in/things.xlsx", "Things", "as of today")
    columns = [Column(name, "varchar", {}) for name in ("id", "note", "more")]
    message = place.refused(thing({"from": "in/things.xlsx#None of it", "kind": "replaced"}, *columns))
    assert "has no sheet None of it. It has All." in message
    origin = {"from": "in/things.xlsx#All", "kind": "replaced"}
    assert "its header lacks 'id'" in place.refused(thing(origin, *columns))
    assert list(place.deliver(thing(origin | {"skip": 2}, *columns)).values()) == ["1,2017-07-08,0.3\n2,1.5,7\n"]


@pytest.fixture
def postgres() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="psycopg is not installed: PostgreSQL was not tested")
    if not postgres_server.IS_INSTALLED:
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
    with postgres_server.running() as folder:
        yield folder


def test_a_table_of_postgresql_is_read(place: Place, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is and who asks comes from the environment."""
    import psycopg

    layout = thing({"from": "postgresql:#crm.things", "kind": "replaced"})
    monkeypatch.setenv("PGHOST", postgres)
    monkeypatch.setenv("PGUSER", "owner")
    monkeypatch.setenv("PGDATABASE", "postgres")
    assert "PostgreSQL cannot be read" in place.refused(layout)
    with psycopg.connect() as con:
        con.execute("create schema crm")
        con.execute("create table crm.things (id integer, note text)")
        con.execute("insert into crm.things values (2, null), (1, 'a''\"')")
    assert list(place.deliver(layout).values()) == ['1,"a\'"""\n2,\n']
    place.complete(4, "2017-07-10")
    assert len(place.deliver(layout)) == 1


def test_what_is_due_in_no_batch_may_be_missing(place: Place) -> None:
    """`batches: any` is taken in every batch, and missed in none."""
    layout = thing(DATED)
    assert list(complete_batches(place.landing)) == [1, 2, 3]
    assert all(layout.lands_in(n) and not layout.is_due_in(n) for n in (1, 2, 3))
    assert layout.feed == "Things"
