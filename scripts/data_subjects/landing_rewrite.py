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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
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
from scripts.landing.definitions import Layout, identify, look_alike
from scripts.landing.inventory import complete_batches
from scripts.landing.readable import element_query, erased_query, line_query

MARK = "ERASED"
ASIDE = ".erasing"
LONGEST_ELEMENT = 1 << 24

Values = dict[str, str | None]


@dataclass
class Rules:
    """Whom to take out, and what stands in their place."""

    person: Person
    ledger: Ledger
    needles: Sequence[Needle] = ()
    con: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    upper: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        register(self.con, self.ledger)

    def subject(self, kind: str, value: str | None, column: Column) -> str | None:
        """An identifier of the person in its one spelling; None where the value is none of theirs."""
        if value is None:
            return None
        if column.data_type != "varchar":
            # The loader reads 7.0 as 7.
            digits = re.fullmatch(r"\s*0*([0-9]+)(?:\.0*)?\s*", value)
            if not digits:
                return None
            value = str(int(digits[1]))
        return value if value in self.person.ids.get(kind, ()) else None

    def match_key(self, fields: list[str]) -> str:
        """Name and address as the warehouse compares them."""
        text = "\x1f".join(fields)
        if text not in self.upper:
            self.upper[text] = self.con.execute("select upper(?)", [text]).fetchall()[0][0]
        return self.upper[text]

    def reads(self, query: str, values: list[str | None]) -> bool:
        """Whether the loader reads a row, by a query of scripts.landing.readable."""
        return bool(self.con.execute(query, values).fetchall()[0][0])

    def cleared(self, layout: Layout, values: Values, batch_date: date) -> Values:
        """A row without the person."""
        query, columns = erased_query(layout)
        (texts,) = self.con.execute(query, [batch_date, *(values.get(c.name) for c in layout.columns)]).fetchall()
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
    rules = Rules(person, ledger, needles)
    for number, batch_date in complete_batches(landing).items():
        for path in sorted((landing / f"Batch{number}").iterdir()):
            if path.name.endswith(ASIDE):
                path.unlink()
                continue
            for layout in _layouts_of(path):
                rows = _rewrite(path, layout, rules, number, batch_date)
                if rows:
                    changed[path.relative_to(landing).as_posix()] = rows
                    done(path.relative_to(landing).as_posix(), rows)
    return changed


def _layouts_of(path: Path) -> list[Layout]:
    """The layouts about persons that a file has by its name. One that the loader ignores has that of the file which
    it seems to be a copy of.
    """
    if not path.is_file() or not path.stat().st_size or not is_text(path):
        return []
    known, meant = identify(path.name), look_alike(path.name.lstrip(".~#"))
    found = known.layouts if known else (meant[1],) if meant else ()
    return [layout for layout in found if any(c.meta.get("subject") for c in layout.columns)]


def _rewrite(path: Path, layout: Layout, rules: Rules, batch_id: int, batch_date: date) -> int:
    pieces = {"pipe": _pipe_pieces, "csv": _csv_pieces, "xml": _xml_pieces}[str(layout.meta["format"])]
    aside = path.with_name(path.name + ASIDE)
    rows, copied = 0, 0
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
        found = list(pieces(text, layout, rules, batch_id, batch_date))
        if not found:
            return 0
        contradicting = set() if layout.meta["format"] == "xml" else _contradictions(text, found)
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
    descriptor = os.open(old.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


def _ids(layout: Layout, person: Person) -> bytes:
    """All identifiers that may stand in a layout's keys, as alternatives of a pattern."""
    kinds = {str(c.meta["subject"]) for c in layout.columns if c.meta.get("subject")}
    values = sorted({v for kind in kinds for v in person.of(kind)})
    return b"|".join(re.escape(v.encode()) for v in values)


def _pipe_pieces(text: mmap.mmap, layout: Layout, rules: Rules, batch_id: int, batch_date: date) -> Pieces:
    ids = _ids(layout, rules.person)
    if not ids:
        return
    shift = 2 if layout.meta.get("cdc") and batch_id > 1 else 0
    done = 0
    for match in re.finditer(rb"(?<![^|\n])[ 0]*(?:" + ids + rb")(?:\.0*)? *(?=[|\r\n]|\Z)", text):
        if match.start() < done:
            continue
        begin = text.rfind(b"\n", 0, match.start()) + 1
        end = text.find(b"\n", match.start())
        end = len(text) if end < 0 else end
        if text[end - 1 : end] == b"\r":
            end -= 1
        done = end
        line = text[begin:end].decode()
        piece = _row(line, line.split("|"), layout, rules, shift, batch_date)
        if piece is not None:
            yield begin, end, "|".join(piece).encode()


def _row(line: str, fields: list[str], layout: Layout, rules: Rules, shift: int, batch_date: date) -> list[str] | None:
    """A delimited row without the person; None where it isn't about them."""
    count = shift + len(layout.columns)
    keys = [(i, c) for i, c in enumerate(layout.columns, start=shift) if c.meta.get("subject")]
    if len(fields) < count or any(fields[count:]):
        about = any(rules.subject(str(c.meta["subject"]), f, c) for _, c in keys for f in fields)
        return [MARK] if about else None
    values: Values = {c.name: fields[i] or None for i, c in enumerate(layout.columns, start=shift)}
    about = any(rules.subject(str(c.meta["subject"]), fields[i], c) for i, c in keys)
    if layout.meta.get("person_key") and not about:
        key = rules.match_key([values[c] or "" for c in MATCH])
        about = key in rules.person.ids.get("match_key", ())
    if not about:
        return None
    if not rules.reads(line_query(layout, shift > 0), [line]):
        return [MARK]
    cleared = rules.cleared(layout, values, batch_date)
    return fields[:shift] + [cleared[c.name] or "" for c in layout.columns]


def _csv_pieces(text: mmap.mmap, layout: Layout, rules: Rules, batch_id: int, batch_date: date) -> Pieces:
    begin = 0
    while line := text.readline():
        quotes = line.count(b'"')
        while quotes % 2 and (line := text.readline()):
            quotes += line.count(b'"')
        raw = text[begin : text.tell()].removesuffix(b"\n").removesuffix(b"\r")
        record = raw.decode()
        if record:
            piece = _row(record, next(csv.reader(io.StringIO(record, newline=""))), layout, rules, 0, batch_date)
            if piece is not None:
                out = io.StringIO()
                csv.writer(out, lineterminator="").writerow(piece)
                yield begin, begin + len(raw), out.getvalue().encode()
        begin = text.tell()


def _xml_pieces(text: mmap.mmap, layout: Layout, rules: Rules, batch_id: int, batch_date: date) -> Pieces:
    return heapq.merge(_comment_pieces(text, rules), _element_pieces(text, layout, rules, batch_date))


def _comment_pieces(text: mmap.mmap, rules: Rules) -> Pieces:
    """Comments that name the person, emptied but for their line ends. Nothing reads them, wherever they stand."""
    for match in re.finditer(rb"(?s)<!\[CDATA\[.*?\]\]>|<!--(.*?)-->", text):
        if match[1] and is_named_in(match[1], rules.needles):
            yield match.start(), match.end(), b"<!--" + b"\n" * match[1].count(b"\n") + b"-->"


def _element_pieces(text: mmap.mmap, layout: Layout, rules: Rules, batch_date: date) -> Pieces:
    element = str(layout.meta["element"]).encode()
    name = rb"(?:[A-Za-z_][\w.-]*:)?" + element
    start, stop = re.compile(rb"<" + name + rb"(?=[\s>/])"), re.compile(rb"</" + name + rb"\s*>")
    for_keys = []
    for column in layout.columns:
        if kind := column.meta.get("subject"):
            attribute = str(column.meta["path"]).rpartition("@")[2].encode()
            if values := rules.person.of(kind):
                ids = b"|".join(re.escape(v.encode()) for v in values)
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
        yield begin, end, _element(text[begin:end], layout, rules, batch_date)


def _element(raw: bytes, layout: Layout, rules: Rules, batch_date: date) -> bytes:
    """An XML element without the person; one that the warehouse can't read becomes an empty one that it can't."""
    try:
        root = expatbuilder.parseString(raw, namespaces=False).documentElement
    except expat.ExpatError:
        root = None
    texts = {} if root is None else _texts(root)
    values: Values = {c.name: texts.get(str(c.meta["path"])) for c in layout.columns}
    if root is None or not rules.reads(element_query(layout), list(values.values())):
        prefix = re.match(rb"<([A-Za-z_][\w.-]*:)?", raw)
        name = ((prefix[1] or b"").decode() if prefix else "") + str(layout.meta["element"])
        rest = raw[raw.rfind(b">") + 1 :] if root is None and raw.endswith(b"\n") else b""
        return f'<{name} ActionType="{MARK}"></{name}>'.encode() + rest
    cleared = rules.cleared(layout, values, batch_date)
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
    attributes that nobody asked for; blanks between elements stay.
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
