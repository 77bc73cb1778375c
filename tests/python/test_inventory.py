"""The inventory counts rows as Python would, refuses what is not UTF-8, and says which batches may be loaded."""

from __future__ import annotations

import csv
import io
import os
import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.landing import inventory
from scripts.landing.definitions import layout, layouts
from scripts.landing.inventory import LandedFile, LandingError, LoadedFile, inspect

FAST = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
BLOCKS = st.sampled_from([1, 2, 3, 5, 16, 1 << 24])
LINE_ENDS = st.sampled_from(["\n", "\r\n"])
CHARACTER = st.characters(codec="utf-8", exclude_characters="\0\r\n")
FIELD = st.text(st.sampled_from('a1|" é🐳') | CHARACTER, max_size=5)
BAD_BYTES = [b"\xe9", b"\xff\xfe", b"\xc3", b"\xf0\x9f", b"\xed\xa0\x80"]


def counted(path: Path, data: bytes, file_format: str, block: int) -> dict[str, int]:
    path.write_bytes(data)
    with mock.patch.object(inventory, "BLOCK", block):
        return inspect(str(path), file_format)


@FAST
@given(lines=st.lists(FIELD, max_size=8), line_end=LINE_ENDS, last=FIELD, block=BLOCKS)
def test_lines_are_counted(tmp_path: Path, lines: list[str], line_end: str, last: str, block: int) -> None:
    """Every line with text is a row; blank lines are none; the last line may lack its end."""
    data = ("".join(line + line_end for line in lines) + last).encode()
    assert counted(tmp_path / "file", data, "pipe", block) == {"": sum(1 for line in data.splitlines() if line)}


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
    rows=st.lists(st.lists(st.text(st.sampled_from('a,"\r\n é') | CHARACTER, max_size=5), max_size=4), max_size=6),
    line_end=LINE_ENDS,
    is_cut=st.booleans(),
    block=BLOCKS,
)
def test_rows_with_quoted_line_ends_are_counted(
    tmp_path: Path, rows: list[list[str]], line_end: str, is_cut: bool, block: int
) -> None:
    """A comma-separated row that holds line ends in its quotes is one row."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    text = stream.getvalue()
    text = text.removesuffix(line_end) if is_cut else text
    read = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    assert counted(tmp_path / "file", text.encode(), "csv", block) == {"": len(read)}


@FAST
@given(text=st.text(st.sampled_from('a",\n'), max_size=20), block=BLOCKS)
def test_quotes_are_read_as_python_reads_them(tmp_path: Path, text: str, block: int) -> None:
    """A quote within a field is a character like any other; one that is not closed is an error that says where."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        with pytest.raises(LandingError, match=r"file, line \d+: the quote in byte \d+ is not closed") as raised:
            counted(tmp_path / "file", text.encode(), "csv", block)
        line, opened = map(int, re.findall(r" (\d+)", str(raised.value)))
        assert text[opened] == '"'
        assert line == text.count("\n", 0, opened) + 1
        # What comes before is sound, so the first quote that is not closed has been found.
        list(csv.reader(io.StringIO(text[:opened], newline=""), strict=True))
    else:
        assert counted(tmp_path / "file", text.encode(), "csv", block) == {"": len(rows)}


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
    expected = {layout(f"newswire.{name}").name: 0 for name in ("company", "security", "financial")}
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


def batch(landing: Path, number: int, text: str | None) -> Path:
    folder = landing / f"Batch{number}"
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "BatchDate.txt").write_text(text, encoding="utf-8")
    return folder


def test_complete_batches_are_those_with_a_date(tmp_path: Path) -> None:
    """A batch that is still on its way is left alone, as is a folder that is no batch."""
    for number, text in ((1, "2017-12-31\r\n"), (2, "2018-01-01"), (3, None), (10, None)):
        batch(tmp_path, number, text)
    (tmp_path / "Batch02").mkdir()
    (tmp_path / "Batch4").write_text("a file")
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
        (["2017-07-07", None, "2017-07-09"], "Batch2 is not complete .* Deliver Batch2 whole, .*through_batch: 1"),
        ([None, "2017-07-08"], "Batch1 is not complete"),
        (["2017-07-07", "2017-07-09"], "Batch2/BatchDate.txt says 2017-07-09, but the day after Batch1 is 2017-07-08"),
        (["2017-07-07", "2017-07-07"], "says 2017-07-07"),
        (["07/07/2017"], "should hold one date as YYYY-MM-DD but holds '07/07/2017'"),
        (["2017-02-30"], "2017-02-30"),
        ([""], "should hold one date"),
        (["2017-07-07\n2017-07-08\n"], "should hold one date"),
    ],
)
def test_batches_that_do_not_follow_each_other_are_refused(tmp_path: Path, texts: list[str | None], says: str) -> None:
    """A day is neither skipped nor loaded twice, and the message says which folder to look at."""
    for number, text in enumerate(texts, start=1):
        batch(tmp_path, number, text)
    with pytest.raises(LandingError, match=says):
        inventory.complete_batches(tmp_path)


def test_names_of_files_are_told_apart(landing: Path) -> None:
    """`Trade` takes its parts and nothing of `TradeHistory`; control totals are no data."""
    names = {d.name: d.pattern for d in layouts()}
    for name, ours, others in [
        (
            "brokerage.trade",
            "Trade.txt Trade_1.txt Trade_12.txt",
            "TradeHistory.txt TradeType.txt Trade_.txt",
        ),
        ("hr.employee", "HR.csv HR_3.csv", "HR_audit.csv HR.txt HR.csv.gz"),
        ("newswire.company", "FINWIRE1985Q3 FINWIRE1985Q3_1", "FINWIRE1985Q3_audit.csv FINWIRE1985Q5 FINWIRE85Q3"),
        ("control.audit", "Trade_audit.csv", "Trade.csv"),
    ]:
        assert all(names[name].fullmatch(n) for n in ours.split()), name
        assert not any(names[name].fullmatch(n) for n in others.split()), name
    files = inventory.find_files(landing, [1, 2, 3])
    read = {file.name for file in files}
    assert read == {p.relative_to(landing).as_posix() for p in landing.rglob("*") if p.is_file()}
    twice = [name for name in read if sum(file.name == name for file in files) > 1]
    assert all(re.search(r"/FINWIRE\d{4}Q\d$", name) for name in twice)


def test_a_file_that_changed_is_named_with_the_way_out(tmp_path: Path) -> None:
    """Size or time alone is enough: what was loaded and what lies there must be the same."""
    path = tmp_path / "Trade.txt"
    path.write_bytes(b"1|2\n")
    os.utime(path, ns=(0, 1_500_000_000_123_456_000))
    file = inventory._landed(tmp_path, layout("brokerage.trade"), 1, path)
    assert file == LandedFile(
        "brokerage.trade", "Trade", 1, "Trade.txt", str(path), 4,
        datetime(2017, 7, 14, 2, 40, 0, 123456, tzinfo=timezone.utc).replace(tzinfo=None),
    )  # fmt: skip
    same = LoadedFile(file.name, file.byte_count, file.modified_at)
    inventory.refuse_changed([file], {(file.source, file.name): same})
    inventory.refuse_changed([file], {})
    for other in (
        LoadedFile(file.name, 5, file.modified_at),
        LoadedFile(file.name, 4, file.modified_at + timedelta(microseconds=1)),
    ):
        with pytest.raises(LandingError, match=r"Trade.txt changed after it was loaded.*\n.*--full-refresh"):
            inventory.refuse_changed([file], {(file.source, file.name): other})
