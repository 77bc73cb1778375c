"""Rows are counted as Python would, what cannot be loaded is refused, and every entry of a landing area is named."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse import copy_landing, rewrite

from scripts.landing import calendar, contents, inventory
from scripts.landing.contents import hash_of, inspect
from scripts.landing.definitions import identify, layout, look_alike
from scripts.landing.errors import LandingError
from scripts.landing.inventory import Comparison, LandedFile, LoadedFile, Survey, compare, survey

pytestmark = pytest.mark.slow

FAST = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
BLOCKS = st.sampled_from([1, 2, 3, 5, 16, 1 << 24])
LINE_ENDS = st.sampled_from(["\n", "\r\n"])
CHARACTER = st.characters(codec="utf-8", exclude_characters="\0\r\n")
FIELD = st.text(st.sampled_from('a1|" é🐳') | CHARACTER, max_size=5)
ONE_OF_EACH = {
    "pipe": layout("brokerage.trade"),
    "csv": layout("hr.employee"),
    "fixed": layout("newswire.company"),
    "xml": layout("crm.customer_mgmt"),
    "audit": layout("control.audit"),
}
BAD_BYTES = [b"\xe9", b"\xff\xfe", b"\xc3", b"\xf0\x9f", b"\xed\xa0\x80"]


def counted(path: Path, data: bytes, file_format: str, block: int) -> dict[str, int]:
    path.write_bytes(data)
    with mock.patch.object(contents, "BLOCK", block):
        found = inspect(str(path), ONE_OF_EACH[file_format])
        assert found.content_hash == hash_of(str(path)) == hashlib.sha256(data).hexdigest()
    assert found.byte_count == len(data)
    return found.rows


def rows(path: Path, data: bytes, file_format: str, block: int) -> int:
    return sum(counted(path, data, file_format, block).values())


@FAST
@given(lines=st.lists(FIELD, max_size=8), line_end=LINE_ENDS, last=FIELD, block=BLOCKS)
def test_lines_are_counted(tmp_path: Path, lines: list[str], line_end: str, last: str, block: int) -> None:
    """Every line with text is a row; blank lines are none; the last line may lack its end."""
    data = ("".join(line + line_end for line in lines) + last).encode()
    assert rows(tmp_path / "file", data, "pipe", block) == sum(1 for line in data.splitlines() if line)


@pytest.mark.parametrize(
    "text", ["1|a\n2|b\r\n", "1|a\r\n2|b\n3|c", "1|a\n2|b\rc\n", "1|a\r2|b\r3", "1|a\r\n2|b\rc\r\n"]
)
@pytest.mark.parametrize("block", [1, 5, 1 << 24])
def test_line_ends_that_leave_rows_open_are_refused(tmp_path: Path, text: str, block: int) -> None:
    """DuckDB stops at the first line end of another kind; the message says so before anything is loaded."""
    for file_format in ("pipe", "csv", "fixed", "audit"):
        with pytest.raises(LandingError, match="file mixes line ends"):
            counted(tmp_path / "file", text.encode(), file_format, block)


@FAST
@given(
    records=st.lists(st.lists(st.text(st.sampled_from('a,"\r\n é') | CHARACTER, max_size=5), max_size=4), max_size=6),
    line_end=LINE_ENDS,
    is_cut=st.booleans(),
    block=BLOCKS,
)
def test_rows_with_quoted_line_ends_are_counted(
    tmp_path: Path, records: list[list[str]], line_end: str, is_cut: bool, block: int
) -> None:
    """A comma-separated row that holds line ends in its quotes is one row."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(records)
    text = stream.getvalue()
    text = text.removesuffix(line_end) if is_cut else text
    read = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    assert rows(tmp_path / "file", text.encode(), "csv", block) == len(read)


@FAST
@given(text=st.text(st.sampled_from('a",\n'), max_size=20), block=BLOCKS)
def test_quotes_are_read_as_python_reads_them(tmp_path: Path, text: str, block: int) -> None:
    """A quote within a field is a character like any other; one that is not closed is an error that says where."""
    try:
        read = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        with pytest.raises(LandingError, match=r"file, line \d+: the quote in byte \d+ is not closed") as raised:
            counted(tmp_path / "file", text.encode(), "csv", block)
        line, opened = map(int, re.findall(r" (\d+)", str(raised.value)))
        assert text[opened] == '"'
        assert line == text.count("\n", 0, opened) + 1
        # What comes before is sound, so the first quote that is not closed has been found.
        list(csv.reader(io.StringIO(text[:opened], newline=""), strict=True))
    else:
        assert rows(tmp_path / "file", text.encode(), "csv", block) == len(read)


@FAST
@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["CMP", "SEC", "FIN", "XXX", "cmp", ""]),
            st.text(st.sampled_from("a é"), max_size=4),
        ),
        max_size=8,
    ),
    line_end=LINE_ENDS,
    cut=st.integers(0, 3),
    block=BLOCKS,
)
def test_records_are_counted_by_type(
    tmp_path: Path, lines: list[tuple[str, str]], line_end: str, cut: int, block: int
) -> None:
    """Each table of the newswire gets the records of its type; the first also answers for what is of no known type."""
    text = "".join(f"20010101-000000{kind}{rest}{line_end}" for kind, rest in lines)
    text = text[: len(text) - cut]
    expected = {f"newswire.{name}": 0 for name in ("company", "security", "financial")}
    kinds = {"CMP": "newswire.company", "SEC": "newswire.security", "FIN": "newswire.financial"}
    for line in text.splitlines():
        if line:
            expected[kinds.get(line[15:18], "newswire.company")] += 1
    counts = counted(tmp_path / "file", text.encode(), "fixed", block)
    assert {name: counts.get(name, 0) for name in expected} == expected


@FAST
@given(
    text=st.text(st.sampled_from("a\n|é漢🐳"), max_size=20),
    at=st.integers(0, 80),
    bad=st.sampled_from(BAD_BYTES),
    block=BLOCKS,
)
def test_a_byte_that_is_not_utf8_is_named(tmp_path: Path, text: str, at: int, bad: bytes, block: int) -> None:
    """Text in another encoding is refused with the place of the first byte that cannot be read, wherever it stands."""
    data = text.encode()
    data = data[:at] + bad + data[at:]
    try:
        data.decode()
    except UnicodeDecodeError as error:
        for file_format in ("pipe", "csv", "fixed", "xml", "audit"):
            with pytest.raises(LandingError, match=rf"file is not UTF-8: byte {error.start} cannot be read"):
                counted(tmp_path / "file", data, file_format, block)
    else:
        counted(tmp_path / "file", data, "pipe", block)


@pytest.mark.parametrize("block", [1, 2, 3, 1 << 24])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_encodings_are_refused(tmp_path: Path, encoding: str, block: int) -> None:
    """Text of two or four bytes a character is refused also where it is valid UTF-8 with zero bytes."""
    with pytest.raises(LandingError, match="UTF-8"):
        counted(tmp_path / "file", "1|2|3\n".encode(encoding), "pipe", block)


def batch(landing: Path, number: int, text: str | bytes | None) -> Path:
    folder = landing / f"Batch{number}"
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "BatchDate.txt").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def absent(tmp_path: Path, *rows: str) -> mock._patch[Path]:
    """The list of expected absences, as if it had these rows."""
    path = tmp_path / "seeds" / "expected_absences.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["day,feed,reason", *rows, ""]), encoding="utf-8")
    return mock.patch.object(calendar, "ABSENCES", path)


def test_complete_batches_are_those_with_a_date(tmp_path: Path) -> None:
    """A batch that is still on its way is left alone, as is one that comes after it."""
    for number, text in ((1, "2017-12-31\r\n"), (2, "2018-01-01"), (3, None), (10, None)):
        batch(tmp_path, number, text)
    assert inventory.complete_batches(tmp_path) == {1: date(2017, 12, 31), 2: date(2018, 1, 1)}
    assert list(inventory.complete_batches(tmp_path, through=1)) == [1]


def test_ten_batches_are_in_order_of_their_numbers(tmp_path: Path) -> None:
    """Batch10 comes after Batch9, not after Batch1."""
    first = date(2020, 2, 25)
    for number in range(1, 12):
        batch(tmp_path, number, str(first + timedelta(days=number - 1)))
    assert list(inventory.complete_batches(tmp_path)) == list(range(1, 12))


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["2017-07-07", None, "2017-07-09"], "Batch2 is not complete .*\n.*Deliver Batch2 whole, .*through_batch: 1"),
        ([None, "2017-07-08"], "Batch1 is not complete.*\nDeliver Batch1 whole: it is the history"),
        (["2017-07-07", "2017-07-09"], "Batch2/BatchDate.txt says 2017-07-09, but the day after Batch1 is 2017-07-08"),
        (["2017-07-07", "2017-07-07"], "says 2017-07-07"),
        (["2017-07-07", "2017-07-06"], "says 2017-07-06"),
    ],
)
def test_batches_that_do_not_follow_each_other_are_refused(tmp_path: Path, texts: list[str | None], says: str) -> None:
    """A day is neither skipped nor loaded twice, and the message says which folder to look at."""
    for number, text in enumerate(texts, start=1):
        batch(tmp_path, number, text)
    with pytest.raises(LandingError, match=says) as raised:
        inventory.complete_batches(tmp_path)
    assert "through_batch: 0" not in str(raised.value)


DATES = [b"2017-07-09", b"2017-07-09\n", b"2017-07-09\r\n", b"0001-01-01"]
NO_DATES = [
    *(b"", b"\n", b"20170709", b"2017-07-09\n\n", b"2017-07-09\r", b" 2017-07-09", b"2017-07-09 ", b"2017-W27-7"),
    *(b"2017-07-09\n2017-07-10\n", b"2017-7-9", b"07/09/2017", b"2017-02-30", b"\xef\xbb\xbf2017-07-09", b"\xff"),
    *("２０１７-07-09".encode(), b"2017-07-09T00:00:00", b"9999-12-31", b"2017-07-09\r\n" + b" " * 1000),
]


@pytest.mark.parametrize("content", [*DATES, *NO_DATES])
def test_a_batch_date_is_one_date_and_nothing_else(tmp_path: Path, content: bytes) -> None:
    """What the check takes for a date is what the reader reads; anything else is refused with the file's name."""
    path = batch(tmp_path, 1, content) / "BatchDate.txt"
    if content in NO_DATES:
        with pytest.raises(LandingError, match=r"Batch1/BatchDate\.txt should hold one date as YYYY-MM-DD"):
            inventory.complete_batches(tmp_path)
        return
    (found,) = inventory.complete_batches(tmp_path).values()
    options = "columns = {'d': 'date'}, delim = '|', quote = '', escape = '', auto_detect = false, header = false"
    assert duckdb.sql(f"select d from read_csv('{path}', {options}, ignore_errors = true)").fetchall() == [(found,)]


def test_days_without_a_batch_are_those_that_are_listed(tmp_path: Path) -> None:
    """A weekend or a holiday is skipped where the list of expected absences names each of its days."""
    for number, text in enumerate(["2017-07-07", "2017-07-10", "2017-07-11"], start=1):
        batch(tmp_path, number, text)
    with absent(tmp_path, "2017-07-08,*,Saturday", "2017-07-09,*,Sunday", "2017-07-11,*,holiday"):
        assert len(inventory.complete_batches(tmp_path)) == 3  # one that comes nevertheless is welcome
    for listed in (["2017-07-08,*,Saturday"], ["2017-07-08,*,Saturday", "2017-07-09,Trade,Sunday"]):
        with absent(tmp_path, *listed), pytest.raises(LandingError, match="day after Batch1 is 2017-07-09"):
            inventory.complete_batches(tmp_path)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("20170708,*,Saturday", "line 2: '20170708' is not a date"),
        ("2017-07-08,Trades,Saturday", "line 2: there is no feed 'Trades'"),
        ("2017-07-08,BatchDate,Saturday", "line 2: there is no feed 'BatchDate'"),
        ("2017-07-08,*, ", "line 2: the reason is missing"),
        ("2017-07-08", "line 2: there is no feed None"),
    ],
)
def test_a_flaw_in_the_list_of_absences_is_named(tmp_path: Path, row: str, says: str) -> None:
    with absent(tmp_path, row), pytest.raises(LandingError, match=f"seeds/expected_absences.csv, {says}"):
        calendar.expected_absences()


def ignored(area: Path) -> dict[str, str]:
    return {i.name: i.reason for i in survey(area).ignored}


def refused(area: Path) -> str:
    with pytest.raises(LandingError) as raised:
        survey(area)
    return str(raised.value)


@pytest.fixture
def area(landing: Path, tmp_path: Path) -> Path:
    """A copy of a landing area of three batches that can be changed."""
    return copy_landing(landing, tmp_path / "landing")


def test_all_files_are_known(landing: Path) -> None:
    """`Trade` takes its parts and nothing of `TradeHistory`; control totals are no data; nothing is ignored."""
    for name, ours, others in [
        (
            "brokerage.trade",
            "Trade.txt Trade_1.txt Trade_12.txt",
            "TradeHistory.txt TradeType.txt Trade_.txt Trade_٣.txt",
        ),
        ("hr.employee", "HR.csv HR_3.csv", "HR_audit.csv HR.txt HR.csv.gz"),
        ("newswire.company", "FINWIRE1985Q3 FINWIRE1985Q3_1", "FINWIRE1985Q3_audit.csv FINWIRE1985Q5 FINWIRE85Q3"),
        ("control.audit", "Trade_audit.csv", "Trade.csv ._Trade_audit.csv Trade*_audit.csv"),
    ]:
        assert all(known is not None and layout(name) in known.layouts for known in map(identify, ours.split())), name
        assert not any(known and layout(name) in known.layouts for known in map(identify, others.split())), name
    found = survey(landing)
    read = {file.name for file in found.files}
    assert read == {p.relative_to(landing).as_posix() for p in landing.rglob("*") if p.is_file()}
    assert found.ignored == []
    twice = [name for name in read if sum(file.name == name for file in found.files) > 1]
    assert all(re.search(r"/FINWIRE\d{4}Q\d$", name) for name in twice)


SLIPS = [
    *("Batch2/trade.txt", "Batch2/Trade.TXT", "Batch2/Trade.txt.txt", "Batch2/Trade-1.txt", "Batch2/Trade (1).txt"),
    *("Batch2/Trade", "Batch2/Trades.txt", "Batch2/Trade_1_2.txt", "Batch2/Trade.csv", "Batch2/Trade.txt.gz"),
    *("Batch2/daily_market.txt", "Batch2/Trade_Audit.csv", "Batch2/TradeAudit.csv", "Batch2/Batch_Date.txt"),
    *("Batch1/FINWIRE1985Q5", "Batch1/FINWIRE1985Q3.txt", "Batch1/finwire1985q3", "Batch1/FINWIRE85Q3"),
    *("Batch1/FINWIRE-1985-Q3", "Batch1/FINWRE1985Q3", "Batch1/customermgmt.XML", "Batch1/Tax_Rate.txt"),
    *("batch2_audit.csv", "Batch2_Audit.csv", "Batch02_audit.csv", "generator_audit.csv"),
    *("Batch04", "Batch03", "batch3", "Batch 3", "Batch_4", "BATCH4", "Batch0", "Trade.txt", "FINWIRE1985Q4"),
]


@pytest.mark.parametrize("name", SLIPS)
def test_what_looks_like_a_file_that_is_due_is_refused(area: Path, name: str) -> None:
    """Letter case, separators, digits, endings and a slip of the hand do not make data disappear without a word."""
    path = area / name
    if path.name.lower().startswith("b") and "." not in name:
        path.mkdir()
    else:
        path.write_bytes(b"x\n")
    assert f"{path} " in refused(area)


def test_one_slip_is_one_problem(area: Path) -> None:
    """A file under a wrong name is not missing as well, and a newswire is not missing once for each record type."""
    (area / "Batch2/Trade.txt").rename(area / "Batch2/trade.txt")
    for path in area.glob("Batch1/FINWIRE*[0-9]"):
        path.unlink()
    (area / "Batch3/Account.txt").rename(area / "Batch3/Account.txt.bak")
    message = refused(area)
    assert "Batch2/trade.txt is not a known name, but much like Trade.txt." in message
    assert "Batch2/Trade.txt is missing" not in message
    assert message.count("FINWIRE") == 1
    assert "Batch3/Account.txt is missing; Account.txt.bak is there." in message


JUNK = {
    "README": "no layout",
    ".DS_Store": "hidden",
    "Batch1/.Trade.txt.swp": "hidden",
    "Batch2/._Trade_audit.csv": "hidden",
    "Batch2/Trade.txt~": "backup",
    "Batch2/Trade.txt.bak": "backup",
    "Batch2/Trade.txt.filepart": "backup",
    "Batch2/Trade.txt.md5": "checksum",
    "Batch2/notes": "no layout",
    "Batch2/old/": "a folder",
    "old/": "a folder",
    "Batch3.zip": "no layout",
    "Batch2/HR.csv": "HR.csv is due in the first batch only",
    "Batch2/hr.csv": "HR.csv is due in the first batch only",
    "Batch1/Account.txt": "Account.txt is due in later batches only",
    "Batch2/FINWIRE1985Q3": "due in the first batch only",
    "Batch4/": "Batch4 is not complete",
    "Batch9/": "Batch9 is not complete",
    "Batch9_audit.csv": "Batch9 is not complete",
}


def test_what_is_not_loaded_is_named_with_the_reason(area: Path) -> None:
    """Whatever lies in a landing area beside its files is listed, and stops nothing."""
    for name in JUNK:
        (area / name).mkdir() if name.endswith("/") else (area / name).write_bytes(b"x")
    (area / "Batch2" / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    found = ignored(area)
    assert found.keys() == {name.rstrip("/") for name in JUNK} | {"Batch2/caf\ufffd"}
    assert all(JUNK[name] in found[name.rstrip("/")] for name in JUNK)
    assert "Batch4" not in {i.name for i in survey(area, through=3).ignored}


def test_a_marker_under_a_wrong_name_is_refused(area: Path) -> None:
    """A batch whose BatchDate.txt has a slip in its name would be waited for in vain."""
    (area / "Batch3/BatchDate.txt").rename(area / "Batch3/batchdate.txt")
    assert "Batch3/batchdate.txt is not a known name, but much like BatchDate.txt" in refused(area)


def test_a_first_batch_under_a_wrong_name_is_named(tmp_path: Path) -> None:
    """Where there is no complete batch, the message also names the likely reason."""
    batch(tmp_path, 1, "2017-07-07").rename(tmp_path / "batch_01")
    message = refused(tmp_path)
    assert "holds no complete batch" in message
    assert "batch_01 is not a known name, but much like Batch1" in message


@pytest.mark.parametrize(
    "name", ["Batch2/Trade.txt", "Batch3/BatchDate.txt", "Batch2/Trade_audit.csv", "Batch2_audit.csv"]
)
@pytest.mark.parametrize("kind", ["a folder", "a FIFO", "a socket", "a link to nothing"])
def test_only_files_are_opened(area: Path, name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something else under the name of a file is refused at once, by name; a FIFO would block forever."""
    path = area / name
    path.unlink()
    if kind == "a folder":
        path.mkdir()
    elif kind == "a FIFO":
        os.mkfifo(path)
    elif kind == "a socket":
        monkeypatch.chdir(path.parent)  # The path of a socket must be short.
        socket.socket(socket.AF_UNIX).bind(path.name)
    else:
        path.symlink_to(area / "nowhere")
    assert f"{path} is {kind}" in refused(area)


def test_a_device_or_a_batch_that_is_a_file_is_refused(area: Path) -> None:
    (area / "Batch4").write_bytes(b"x")
    assert "Batch4 is a file, and a batch is a folder" in refused(area)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["Trade.txt", "Trade_1.txt"], "Trade.txt exists both whole and in parts (Trade.txt, Trade_1.txt)"),
        (["Trade_1.txt", "Trade_3.txt"], "Trade.txt lacks part 2 (Trade_1.txt, Trade_3.txt)"),
        (["Trade_2.txt"], "lacks part 1"),
        (["Trade_0.txt", "Trade_1.txt"], "lacks part 2"),
        (["Trade_20170708.txt"], "lacks part 1"),
        (["Trade_01.txt", "Trade_1.txt"], "two parts with the same number"),
        (["Trade_1.txt", "Trade_2.txt"], ""),
        ([f"Trade_{n:02}.txt" for n in range(1, 12)], ""),
        (["CustomerMgmt.xml", "CustomerMgmt_1.xml"], "whole and in parts"),
        (["CustomerMgmt_1.xml", "CustomerMgmt_3.xml"], "CustomerMgmt.xml lacks part 2"),
        (["FINWIRE1985Q1", "FINWIRE1985Q1_1"], "FINWIRE1985Q1 exists both whole and in parts"),
        (["FINWIRE1985Q1_1", "FINWIRE1985Q1_3"], "FINWIRE1985Q1 lacks part 2"),
        (["FINWIRE1985Q1_1", "FINWIRE1985Q2_1", "FINWIRE1985Q3"], ""),
    ],
)
def test_a_file_is_there_whole_or_in_all_its_parts(area: Path, names: list[str], says: str) -> None:
    """A part that is missing, there twice, or beside the whole file would lose or multiply rows."""
    wholes = {known.whole for known in map(identify, names) if known}
    for path in (area / "Batch1").iterdir():
        if path.name in wholes:
            path.unlink()
    for name in names:
        (area / "Batch1" / name).write_bytes(b"x\n")
    if says:
        assert says in refused(area)
    else:
        assert {f"Batch1/{name}" for name in names} <= {file.name for file in survey(area).files}


def checked(area: Path) -> list[LandedFile]:
    return inventory.read(survey(area), Comparison({}, {}))


@pytest.mark.parametrize("content", [None, b"", b"\n\r\n\n"])
def test_a_feed_that_is_not_expected_may_be_missing_or_empty(area: Path, content: bytes | None) -> None:
    """An agency that sends no list on a holiday is in order where the list of absences says so, and nowhere else."""
    path = area / "Batch2/Prospect.csv"
    path.unlink()
    if content is not None:
        path.write_bytes(content.replace(b"\r", b""))
    with pytest.raises(LandingError, match=r"Batch2/Prospect.csv is (missing|empty)[^\n]*\n.*expected_absences.csv"):
        checked(area)
    day = inventory.complete_batches(area)[2]
    with absent(area.parent, f"{day},Prospect,the agency is closed"):
        assert len([f for f in checked(area) if f.source == "marketing.prospect" and f.line_count]) == 2
    with absent(area.parent, f"{day + timedelta(days=1)},Prospect,closed"), pytest.raises(LandingError):
        checked(area)


def test_all_that_is_wrong_in_files_is_told_at_once(area: Path) -> None:
    rewrite(area / "Batch2/Trade.txt", lambda data: data + b"\xff\n")
    rewrite(area / "Batch3/Prospect.csv", lambda data: b'"' + data)
    rewrite(area / "Batch1/HR.csv", lambda data: b"")
    with pytest.raises(LandingError) as raised:
        checked(area)
    assert all(
        name in str(raised.value) for name in ("Trade.txt is not UTF-8", "Prospect.csv, line 1", "HR.csv is empty")
    )


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), FileNotFoundError(2, "No such file")])
def test_a_file_that_cannot_be_read_is_named(area: Path, error: OSError) -> None:
    """One that is not ours to read, or vanishes between the look at its folder and the look into it."""
    says = rf"Trade.txt cannot be read: {error.strerror}"
    with mock.patch.object(contents, "_pieces", side_effect=error), pytest.raises(LandingError, match=says):
        checked(area)
    with mock.patch.object(Path, "iterdir", side_effect=error), pytest.raises(LandingError, match=str(area)):
        survey(area)


def test_a_file_that_is_still_being_written_is_named(area: Path) -> None:
    found = survey(area)
    rewrite(area / "Batch2/Trade.txt", lambda data: data + b"x\n")
    with pytest.raises(LandingError, match=r"Batch2/Trade.txt changed while it was read"):
        inventory.read(found, Comparison({}, {}))


def loads(area: Path) -> list[LoadedFile]:
    """A landing area as the warehouse notes it once it has loaded it."""
    return [
        LoadedFile(f.source, f.batch_id, f.name, f.byte_count, f.modified_at, f.content_hash) for f in checked(area)
    ]


def changed(path: Path) -> None:
    """Another content of the same size."""
    rewrite(path, lambda data: data[:-2] + b"#" + data[-1:])
    os.utime(path, (1, 1))


def retakes(area: Path, loaded: list[LoadedFile], loaded_through: int = 0) -> dict[tuple[str, int], str]:
    return compare(survey(area), loaded, loaded_through).retakes


def test_a_file_is_changed_where_its_content_is(area: Path) -> None:
    """A new time alone is no change where a hash was noted; without one, size and time decide."""
    loaded = loads(area)
    assert retakes(area, loaded) == {}
    rewrite(area / "Batch1/HR.csv", lambda data: data)
    os.utime(area / "Batch1/HR.csv", (1, 1))
    with mock.patch.object(inventory, "hash_of", side_effect=hash_of) as hashing:
        assert retakes(area, loaded) == {}
        assert [call.args for call in hashing.call_args_list] == [(str(area / "Batch1/HR.csv"),)]
    without = [replace(file, content_hash=None) for file in loaded]
    with pytest.raises(LandingError, match=r"Batch1/HR.csv changed after it was loaded.*\n.*--full-refresh"):
        retakes(area, without)
    assert retakes(area, [f if f.name == "Batch1/HR.csv" else without[i] for i, f in enumerate(loaded)]) == {}


@pytest.mark.parametrize("change", [changed, lambda path: rewrite(path, lambda data: data * 2)])
def test_what_changed_in_the_last_batch_is_retaken(area: Path, change: Callable[[Path], None]) -> None:
    """A changed file of an older batch is refused, as what came later builds on it."""
    loaded = loads(area)
    change(area / "Batch3/Prospect.csv")
    assert retakes(area, loaded) == {("marketing.prospect", 3): "changed"}
    with pytest.raises(LandingError, match=r"Batch3/Prospect\.csv changed"):
        retakes(area, loaded, loaded_through=4)
    of_two = [file for file in loaded if file.batch_id < 3]
    assert retakes(area, of_two) == {}
    change(area / "Batch2/Prospect.csv")
    assert retakes(area, of_two) == {("marketing.prospect", 2): "changed"}
    with pytest.raises(LandingError, match=r"Batch2/Prospect.csv changed after it was loaded.*\n.*--full-refresh"):
        retakes(area, loaded)


def test_what_core_has_not_taken_may_be_corrected(area: Path) -> None:
    """After a refused load, in any batch; later batches of the feed follow, since they may repeat its rows."""
    loaded = [replace(f, is_taken=f.source != "brokerage.cash_transaction") for f in loads(area)]
    changed(area / "Batch2/CashTransaction.txt")
    cash = "brokerage.cash_transaction"
    assert retakes(area, loaded) == {(cash, 2): "changed", (cash, 3): "follows"}
    changed(area / "Batch2/Trade.txt")
    with pytest.raises(LandingError, match=r"Batch2/Trade.txt changed after it was loaded"):
        retakes(area, loaded)


def test_what_comes_late_to_a_loaded_batch_is_retaken(area: Path) -> None:
    """A part, a quarter of the newswire or a feed that was missing: any batch takes it, and all its files are read."""
    late = area / "Batch1/FINWIRE1966Q4"
    (area / "Batch2/Trade.txt").rename(area / "Batch2/Trade_1.txt")
    loaded = loads(area)
    late.write_bytes(b"x\n")
    (area / "Batch2/Trade_2.txt").write_bytes(b"x\n")
    wire = {(f"newswire.{name}", 1): "late" for name in ("company", "security", "financial")}
    assert retakes(area, loaded) == wire | {("brokerage.trade", 2): "late"}
    found = survey(area)
    comparison = compare(found, loaded, 0)
    again = {f.name for f in inventory.read(found, comparison) if f.line_count is not None}
    assert again == {f.name for f in found.files if (f.source, f.batch_id) in comparison.retakes}
    assert {"Batch2/Trade_1.txt", "Batch2/Trade_2.txt", "Batch1/FINWIRE1967Q1"} <= again
    assert all(f.content_hash for f in inventory.read(found, comparison))


def test_a_batch_that_core_has_taken_is_loaded(area: Path) -> None:
    """A feed of which nothing was there is late where core has gone past its batch, and new where it has not."""
    loaded = [file for file in loads(area) if file.source != "marketing.prospect" or file.batch_id == 1]
    assert retakes(area, loaded, loaded_through=2) == {("marketing.prospect", 2): "late"}
    assert retakes(area, loaded, loaded_through=1) == {}
    assert retakes(area, [], loaded_through=0) == {}


def test_what_is_gone_is_retaken_or_refused(area: Path) -> None:
    """From the last batch a file may be taken back; from an older one not, and a whole batch neither."""
    loaded = loads(area)
    (area / "Batch3/Trade_audit.csv").unlink()
    assert retakes(area, loaded) == {("control.audit", 3): "gone"}
    (area / "Batch1/HR_audit.csv").unlink()
    with pytest.raises(LandingError, match=r"Batch1/HR_audit.csv was loaded but is no longer in .*\n.*--full-refresh"):
        retakes(area, loaded)
    shutil.rmtree(area / "Batch3")
    with pytest.raises(LandingError, match="Batch3 was loaded but is no longer complete"):
        retakes(area, loaded)
    assert isinstance(survey(area, through=2), Survey)
    removed_feed = LoadedFile("gone.feed", 1, "Batch1/Gone.txt", 1, loaded[0].modified_at, None)
    assert (
        compare(survey(area, through=2), [f for f in loaded if "HR_a" not in f.name] + [removed_feed], 0).retakes == {}
    )


def test_times_are_utc(tmp_path: Path) -> None:
    path = tmp_path / "Trade.txt"
    path.write_bytes(b"1|2\n")
    os.utime(path, ns=(0, 1_500_000_000_123_456_000))
    file = inventory._landed(tmp_path, layout("brokerage.trade"), 1, inventory._entry(path))
    assert file == LandedFile(
        "brokerage.trade", "Trade", 1, "Trade.txt", str(path), 4,
        datetime(2017, 7, 14, 2, 40, 0, 123456, tzinfo=UTC).replace(tzinfo=None),
    )  # fmt: skip


def test_letters_decide_what_a_name_looks_like() -> None:
    """Names that share few letters with a file's match no feed."""
    assert [look_alike(name) for name in ("README", "data.csv", "notes.txt", "update.sql", "1234", "")] == [None] * 6
