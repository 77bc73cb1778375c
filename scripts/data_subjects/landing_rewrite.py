"""Take a person out of the landed files, so that no copy of the raw data names them.

The macro without_erased says what becomes of a row, here as in a load: keys become their replacements, what is personal
becomes empty. Rows stay rows, and lines of others stay as they are, to the byte. A row that can't be read stays one
that can't be read. Each file is written aside and then takes the old one's place in one step; the old one's bytes are
overwritten. Files in which the person doesn't occur aren't touched.
"""

from __future__ import annotations

import csv
import heapq
import io
import mmap
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import IO
from xml.dom import expatbuilder
from xml.dom.minidom import Element, Text
from xml.parsers import expat

import duckdb

from scripts.columns import Column
from scripts.data_subjects.ledger import Ledger, register
from scripts.data_subjects.persons import MATCH, Person
from scripts.data_subjects.search import Needle, is_named_in, is_text
from scripts.files import flush
from scripts.landing.definitions import Layout, identify, look_alike
from scripts.landing.inventory import complete_batches
from scripts.landing.readable import element_query, erased_query, line_query

MARK = "ERASED"
ASIDE = ".erasing"
LONGEST_ELEMENT = 1 << 24

Values = dict[str, str | None]


@dataclass(frozen=True)
class File:
    """How a landed file is read, on which day it came, and whom to take out of it; `con` sees the ledger."""

    layout: Layout
    batch_id: int
    batch_date: date
    person: Person
    needles: Sequence[Needle]
    con: duckdb.DuckDBPyConnection

    @property
    def keys(self) -> list[Column]:
        """Columns that say whom a row is about."""
        return [column for column in self.layout.columns if column.subject]

    def is_theirs(self, column: Column, value: str | None) -> bool:
        """Whether a value is one of the person's identifiers, in any spelling that the loader reads."""
        if column.data_type != "varchar":
            # The loader reads 7.0 as 7.
            digits = re.fullmatch(r"\s*0*([0-9]+)(?:\.0*)?\s*", value or "")
            value = str(int(digits[1])) if digits else None
        return value in self.person.ids.get(str(column.subject), ())

    def reads(self, query: str, values: list[str | None]) -> bool:
        """Whether the loader reads a row, by a query of scripts.landing.readable."""
        return bool(self.con.execute(query, values).fetchall()[0][0])

    def cleared(self, values: Values) -> Values:
        """A row without the person."""
        query, columns = erased_query(self.layout)
        given = [self.batch_date, *(values.get(c.name) for c in self.layout.columns)]
        (texts,) = self.con.execute(query, given).fetchall()
        return values | {name: text for name, text in zip(columns, texts, strict=True) if text is not None}


def rewrite_area(
    landing: Path,
    person: Person,
    ledger: Ledger,
    needles: Sequence[Needle] = (),
    done: Callable[[str, int], None] = lambda name, rows: None,
) -> dict[str, int]:
    """Rewrite the files of all complete batches, and copies of them under a name that shows it; returns the rows
    changed, by file.
    """
    changed: dict[str, int] = {}
    con = duckdb.connect()
    register(con, ledger)
    for number, batch_date in complete_batches(landing).items():
        for path in sorted((landing / f"Batch{number}").iterdir()):
            if path.name.endswith(ASIDE):
                path.unlink()
                continue
            for layout in _layouts_of(path):
                if rows := _rewrite(path, File(layout, number, batch_date, person, needles, con)):
                    name = path.relative_to(landing).as_posix()
                    changed[name] = rows
                    done(name, rows)
    return changed


def _layouts_of(path: Path) -> list[Layout]:
    """The layouts about persons that a file has by its name. One that the loader ignores has that of the file which
    it seems to be a copy of.
    """
    if not path.is_file() or not path.stat().st_size or not is_text(path):
        return []
    known, meant = identify(path.name), look_alike(path.name.lstrip(".~#"))
    found = known.layouts if known else (meant[1],) if meant else ()
    return [layout for layout in found if any(c.subject for c in layout.columns)]


def _rewrite(path: Path, file: File) -> int:
    pieces = {"pipe": _pipe_pieces, "csv": _csv_pieces, "xml": _xml_pieces}[str(file.layout.meta["format"])]
    aside = path.with_name(path.name + ASIDE)
    rows, copied = 0, 0
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
        found = list(pieces(text, file))
        if not found:
            return 0
        contradicting = set() if file.layout.meta["format"] == "xml" else _contradictions(text, found)
        with open(aside, "wb") as written:
            for begin, end, piece in found:
                if begin < copied:
                    continue  # Within what was taken out as a whole.
                written.write(memoryview(text)[copied:begin])
                written.write(MARK.encode() if piece in contradicting else piece)
                rows, copied = rows + 1, end
            written.write(memoryview(text)[copied:])
            written.flush()
            os.fchmod(written.fileno(), path.stat().st_mode & 0o7777)
            os.fsync(written.fileno())
    replace_destroying(aside, path)
    return rows


def _contradictions(text: mmap.mmap, pieces: list[tuple[int, int, bytes]]) -> set[bytes]:
    """What several different rows would become. They have one key, so the loader has rejected them all, and would read
    one of them once they are the same.
    """
    first: dict[bytes, bytes] = {}
    return {piece for begin, end, piece in pieces if first.setdefault(piece, text[begin:end]) != text[begin:end]}


def replace_destroying(new: Path, old: Path) -> None:
    """Put a file in the place of another one, then overwrite the other one's bytes, unless it has more names."""
    with open(old, "r+b") as stream:
        new.replace(old)
        if os.fstat(stream.fileno()).st_nlink == 0:
            _overwrite(stream)
    flush(old.parent)


def destroy(path: Path) -> None:
    """Overwrite a file's bytes, then remove it; where it has more names, remove only this one."""
    if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
        with open(path, "r+b") as stream:
            _overwrite(stream)
    path.unlink(missing_ok=True)


def _overwrite(stream: IO[bytes]) -> None:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    zeros = bytes(1 << 20)
    while size > 0:
        size -= stream.write(zeros[: min(size, len(zeros))])
    stream.flush()
    os.fsync(stream.fileno())


Pieces = Iterator[tuple[int, int, bytes]]


def _pipe_pieces(text: mmap.mmap, file: File) -> Pieces:
    ids = _alternatives(value for column in file.keys for value in file.person.of(str(column.subject)))
    if not ids:
        return
    done = 0
    for match in re.finditer(rb"(?<![^|\n])[ 0]*(?:" + ids + rb")(?:\.0*)? *(?=[|\r\n]|\Z)", text):
        if match.start() < done:
            continue
        begin = text.rfind(b"\n", 0, match.start()) + 1
        done = text.find(b"\n", match.start())
        done = len(text) if done < 0 else done
        raw = text[begin:done].removesuffix(b"\r")
        piece = _row(raw.decode(), raw.decode().split("|"), file)
        if piece is not None:
            yield begin, begin + len(raw), "|".join(piece).encode()


def _alternatives(values: Iterable[str]) -> bytes:
    """Identifiers as alternatives of a pattern."""
    return b"|".join(re.escape(value.encode()) for value in sorted(set(values)))


def _row(line: str, fields: list[str], file: File) -> list[str] | None:
    """A delimited row without the person; None where it isn't about them."""
    layout, shift = file.layout, 2 if file.layout.meta.get("cdc") and file.batch_id > 1 else 0
    count = shift + len(layout.columns)
    if len(fields) < count or any(fields[count:]):
        return [MARK] if any(file.is_theirs(column, f) for column in file.keys for f in fields) else None
    values: Values = {c.name: fields[i] or None for i, c in enumerate(layout.columns, start=shift)}
    about = any(file.is_theirs(column, values[column.name]) for column in file.keys)
    if layout.meta.get("person_key") and not about:
        about = _upper("\x1f".join(values[c] or "" for c in MATCH)) in file.person.ids.get("match_key", ())
    if not about:
        return None
    if not file.reads(line_query(layout, shift > 0), [line]):
        return [MARK]
    cleared = file.cleared(values)
    return fields[:shift] + [cleared[c.name] or "" for c in layout.columns]


@cache
def _upper(text: str) -> str:
    """Name and address as the warehouse compares them; those of a list come again every day."""
    return str(duckdb.execute("select upper(?)", [text]).fetchall()[0][0])


def _csv_pieces(text: mmap.mmap, file: File) -> Pieces:
    begin = 0
    while line := text.readline():
        quotes = line.count(b'"')
        while quotes % 2 and (line := text.readline()):
            quotes += line.count(b'"')
        raw = text[begin : text.tell()].removesuffix(b"\n").removesuffix(b"\r")
        record = raw.decode()
        if record:
            piece = _row(record, next(csv.reader(io.StringIO(record, newline=""))), file)
            if piece is not None:
                out = io.StringIO()
                csv.writer(out, lineterminator="").writerow(piece)
                yield begin, begin + len(raw), out.getvalue().encode()
        begin = text.tell()


def _xml_pieces(text: mmap.mmap, file: File) -> Pieces:
    return heapq.merge(_comment_pieces(text, file), _element_pieces(text, file))


def _comment_pieces(text: mmap.mmap, file: File) -> Pieces:
    """Comments that name the person, emptied but for their line ends. Nothing reads them, wherever they stand."""
    for match in re.finditer(rb"(?s)<!\[CDATA\[.*?\]\]>|<!--(.*?)-->", text):
        if match[1] and is_named_in(match[1], file.needles):
            yield match.start(), match.end(), b"<!--" + b"\n" * match[1].count(b"\n") + b"-->"


def _element_pieces(text: mmap.mmap, file: File) -> Pieces:
    name = rb"(?:[A-Za-z_][\w.-]*:)?" + str(file.layout.meta["element"]).encode()
    start, stop = re.compile(rb"<" + name + rb"(?=[\s>/])"), re.compile(rb"</" + name + rb"\s*>")
    for_keys = []
    for column in file.keys:
        attribute = str(column.meta["path"]).rpartition("@")[2].encode()
        if ids := _alternatives(file.person.of(str(column.subject))):
            for_keys.append(rb"\b" + attribute + rb"\s*=\s*[\"']\s*0*(?:" + ids + rb")(?:\.0*)?\s*[\"']")
    if not for_keys:
        return
    done = 0
    for match in re.finditer(b"|".join(for_keys), text):
        if match.start() < done:
            continue
        begin = match.start()
        while (begin := text.rfind(b"<", max(done, match.start() - LONGEST_ELEMENT), begin)) >= 0:
            if start.match(text, begin):
                break
        if begin < 0:
            continue
        closed = stop.search(text, match.start())
        following = start.search(text, match.start())
        if closed and (not following or closed.start() < following.start()):
            end = closed.end()
        else:
            end = following.start() if following else len(text)
        done = end
        yield begin, end, _element(text[begin:end], file)


def _element(raw: bytes, file: File) -> bytes:
    """An XML element without the person; one that the warehouse can't read becomes an empty one that it can't."""
    layout = file.layout
    try:
        root = expatbuilder.parseString(raw, namespaces=False).documentElement
    except expat.ExpatError:
        root = None
    texts = {} if root is None else _texts(root)
    values: Values = {c.name: texts.get(str(c.meta["path"])) for c in layout.columns}
    if root is None or not file.reads(element_query(layout), list(values.values())):
        prefix = re.match(rb"<([A-Za-z_][\w.-]*:)?", raw)
        name = ((prefix[1] or b"").decode() if prefix else "") + str(layout.meta["element"])
        rest = raw[raw.rfind(b">") + 1 :] if root is None and raw.endswith(b"\n") else b""
        return f'<{name} ActionType="{MARK}"></{name}>'.encode() + rest
    cleared = file.cleared(values)
    _fill(root, {str(c.meta["path"]): cleared[c.name] for c in layout.columns if not c.meta.get("presence")})
    text = root.toxml().encode()
    return text.replace(b"\n", b"\r\n") if b"\r\n" in raw else text


def _elements(element: Element, path: str = "") -> Iterator[tuple[str, Element]]:
    """An element and all within it, by their paths; it has an empty one itself."""
    yield path, element
    for child in element.childNodes:
        if isinstance(child, Element):
            yield from _elements(child, f"{path}/{child.tagName.rpartition(':')[2]}".lstrip("/"))


def _texts(root: Element) -> dict[str, str]:
    """An element's texts and attributes by path."""
    found = {}
    for path, element in _elements(root):
        if path:
            found[path] = "".join(child.data for child in element.childNodes if isinstance(child, Text))
        found |= {f"{path}/@{key}".lstrip("/"): value for key, value in element.attributes.items()}
    return found


def _fill(root: Element, values: Values) -> None:
    """Give an element new texts and attributes. What no column of the layout reads goes: comments, and text and
    attributes that no column asks for; blanks between elements stay.
    """
    for path, element in list(_elements(root)):
        for key in list(element.attributes.keys()):
            value = values.get(f"{path}/@{key}".lstrip("/"))
            element.removeAttribute(key) if value is None else element.setAttribute(key, value)
        for child in list(element.childNodes):
            is_blank = isinstance(child, Text) and not child.data.strip()
            if not isinstance(child, Element) and (path in values or not is_blank):
                element.removeChild(child)
        # With a text, if an empty one, an element is written with both of its tags.
        text = Text()
        text.data = values.get(path) or ""
        element.insertBefore(text, element.firstChild)
