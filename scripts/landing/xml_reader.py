"""A streaming reader of XML documents that are long lists of small elements.

Expat parses; memory holds one batch of rows. An element that is not well formed is set aside with its text, and
reading resumes at the next one, as long as the rest can be read reliably. A document is refused if it has a document
type, is damaged outside of its elements, ends early, or is followed by another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from operator import itemgetter
from pathlib import Path
from xml.parsers import expat
from xml.parsers.expat import errors

import pyarrow as pa

from scripts.landing.definitions import Layout
from scripts.landing.errors import LandingError

BLOCK = 1 << 20
ROWS = 20_000
RAW_LIMIT = 4_000
PATHS = 10_000
LONGEST_TAG = 256
LONGEST_ELEMENT = 1 << 24
TAIL = 1 << 16
# The parser's errors for a document that ends early.
AT_THE_END = {
    errors.XML_ERROR_NO_ELEMENTS,
    errors.XML_ERROR_UNCLOSED_TOKEN,
    errors.XML_ERROR_PARTIAL_CHAR,
    errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
}
# What may follow the end of a document.
NOTHING_MORE = re.compile(rb"(?:\s|<!--(?:[^-]|-[^-])*-->|<\?(?:[^?]|\?[^>])*\?>)*")

Row = dict[str, str]


class DocumentError(LandingError):
    """A document that cannot be read as a whole. The message says which one, where, why, and what to do."""


class _BrokenElement(Exception):
    """An element that is not closed before the next one starts, or never."""


class _Place(dict[str, "_Place"]):
    """A path within an element, and the paths below it by the parser's name for them.

    Documents repeat a few paths over and over, so each is built once, and PATHS of them are kept.
    """

    def __init__(self, element: str, path: str = "", above: _Place | None = None) -> None:
        self.element, self.path, self.above = element, path, above
        self.attributes = f"{path}/@" if path else "@"
        self.known: list[_Place] = above.known if above else []

    def __missing__(self, name: str) -> _Place:
        local = name.rpartition("}")[2]
        if local == self.element:
            raise _BrokenElement("no end tag before the next element")
        place = _Place(self.element, f"{self.path}/{local}" if self.path else local, self)
        if len(self.known) < PATHS:
            self.known.append(place)
            self[name] = place
        return place


class XmlRows:
    """Rows of one XML document: a dict for each element, keyed by path within it, such as `Customer/@C_ID`.

    An absent path is not in the dict; one that is present and empty has an empty string. Two more keys locate the
    element: `#line` (from 1) and `#offset` (bytes from the start). An element that cannot be parsed has `#error` (the
    reason) and `#raw` (its text) instead.
    """

    def __init__(self, path: str | Path, element: str) -> None:
        self.path = Path(path)
        self.element = element
        name = rb"(?:[A-Za-z_][\w.-]*:)?" + element.encode()
        self._start = re.compile(rb"<" + name + rb"[\s>/]")
        self._end = re.compile(rb"</" + name + rb"\s*>")
        self._root_name: str | None = None
        self._first: int | None = None
        self._rows: list[Row] = []

    def __iter__(self) -> Iterator[Row]:
        offset, line, root, opened = 0, 1, b"", 0
        while True:
            # One parser for each well-formed stretch, which starts at `offset`.
            parser = self._parser(len(root), offset, line)
            try:
                if root:
                    parser.Parse(root, False)
                with open(self.path, "rb") as stream:
                    stream.seek(offset)
                    while block := stream.read(BLOCK):
                        parser.Parse(block, False)
                        yield from self._taken()
                        if self._element_start is not None and stream.tell() - self._element_start > LONGEST_ELEMENT:
                            raise _BrokenElement(f"no end within {LONGEST_ELEMENT >> 20} MiB")
                parser.Parse(b"", True)
                yield from self._taken()
                return
            except (expat.ExpatError, _BrokenElement) as error:
                yield from self._taken()
                reason = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else str(error)
                failed_at = parser.ErrorByteIndex - len(root) + offset
                first = self._find(0) if self._first is None else self._first
                if first is None or failed_at < max(first, offset):
                    raise DocumentError(
                        f"{self.path} is not an XML document of {self.element} elements: {reason} before the first of "
                        "them. Have it delivered again."
                    ) from None
                begin = self._element_start
                if begin is None:
                    # The failure may lie within a start tag, of which the parser knows nothing yet. An invalid
                    # character comes after the start of the tag that it breaks.
                    begin = self._last_start(self._done, failed_at - (reason == errors.XML_ERROR_INVALID_TOKEN))
                following = self._find(failed_at if begin is None else begin + 1)
                if begin is not None:
                    self._refuse_doubtful_rest(begin, following)
                    yield {
                        "#line": str(line + line_feeds(self.path, offset, begin)),
                        "#offset": str(begin),
                        "#error": reason,
                        "#raw": self._raw(begin, following),
                    }
                    opened += isinstance(error, _BrokenElement)
                elif opened and self._search(self._end, failed_at - len("</"), following) is not None:
                    # The end of an element that was set aside because another one began inside it.
                    self._refuse_doubtful_rest(failed_at, following)
                    opened -= 1
                else:
                    raise self._damaged(failed_at, reason) from None
                if following is None:
                    return
                line += line_feeds(self.path, offset, following)
                offset, root = following, self._root(first)

    def _parser(self, root_length: int, offset: int, line: int) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.ordered_attributes = True
        self._element_start: int | None = None
        self._done = offset
        element = self.element
        top = _Place(element)
        place: _Place | None = None
        row: Row = {}
        text: list[str] = []
        rows = self._rows

        # Called for every element of a document: most of the time goes here.
        def start(name: str, attributes: list[str]) -> None:
            nonlocal place
            if place is None:
                local = name.rpartition("}")[2]
                if self._root_name is None:
                    self._root_name = local
                    if local == element:
                        raise DocumentError(
                            f"{self.path} is a single {element} where a list of them is due. Have it delivered again."
                        )
                if local != element:
                    return
                self._element_start = parser.CurrentByteIndex - root_length + offset
                if self._first is None:
                    self._first = self._element_start
                row.clear()
                row["#line"] = str(parser.CurrentLineNumber - 1 + line)
                row["#offset"] = str(self._element_start)
                place = top
            else:
                place = place[name]
                row[place.path] = ""
            if attributes:
                for i in range(0, len(attributes), 2):
                    row[place.attributes + attributes[i]] = attributes[i + 1]
            text.clear()

        def end(name: str) -> None:
            nonlocal place
            if place is None:
                return
            if place is not top:
                if text:
                    row[place.path] = "".join(text)
                    text.clear()
                place = place.above
            else:
                rows.append(row.copy())
                self._done = parser.CurrentByteIndex - root_length + offset
                self._element_start = place = None

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text.append
        parser.StartDoctypeDeclHandler = partial(_refuse_document_type, self.path)
        return parser

    def _damaged(self, failed_at: int, reason: str) -> DocumentError:
        """The error for damage outside of elements."""
        if reason in AT_THE_END:
            place = self._place_of(self.path.stat().st_size)
            what = f"the document ends before its root element {self._root_name} does"
        else:
            place = self._place_of(failed_at)
            if reason == errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT or reason == errors.XML_ERROR_MISPLACED_XML_PI:
                what = "another document, or a piece of one, follows"
            else:
                what = f"the document is damaged outside of its {self.element} elements ({reason})"
        return DocumentError(f"{place}: {what}. Have it delivered again.")

    def _refuse_doubtful_rest(self, begin: int, following: int | None) -> None:
        """Raise unless the document continues, or is complete, after the broken element that starts at `begin`."""
        assert self._root_name is not None
        root = rb"(?:[A-Za-z_][\w.-]*:)?" + re.escape(self._root_name.encode())
        if following is None:
            with open(self.path, "rb") as stream:
                stream.seek(max(begin, stream.seek(0, 2) - TAIL))
                ends = list(re.finditer(rb"</" + root + rb"\s*>", text := stream.read()))
            if not ends or not NOTHING_MORE.fullmatch(text, ends[-1].end()):
                raise DocumentError(
                    f"{self._place_of(begin)}: the document ends inside the {self.element} that begins here, so what "
                    "followed is missing. Have it delivered again."
                )
        elif (other := self._search(re.compile(rb"</?" + root + rb"[\s>/]"), begin, following)) is not None:
            raise DocumentError(
                f"{self._place_of(other)}: the document's root {self._root_name} ends or begins again, after a broken "
                f"{self.element}. Have it delivered again, as one document."
            )

    def _place_of(self, position: int) -> str:
        return f"{self.path}, line {1 + line_feeds(self.path, 0, position)}, byte {position}"

    def _taken(self) -> list[Row]:
        rows, self._rows[:] = self._rows.copy(), []
        return rows

    def _find(self, position: int) -> int | None:
        """Where the next element starts, at or after a position."""
        return self._search(self._start, position)

    def _search(self, pattern: re.Pattern[bytes], position: int, end: int | None = None) -> int | None:
        """The first match of a pattern at or after a position and before an end."""
        with open(self.path, "rb") as stream:
            stream.seek(position)
            text = b""
            while block := stream.read(BLOCK):
                text = text[-LONGEST_TAG:] + block
                if match := pattern.search(text):
                    found = stream.tell() - len(text) + match.start()
                    return found if end is None or found < end else None
                if end is not None and stream.tell() > end + LONGEST_TAG:
                    return None
        return None

    def _last_start(self, position: int, limit: int) -> int | None:
        """Where the last element starts, from a position up to a limit."""
        last, found = None, self._find(position)
        while found is not None and found <= limit:
            last, found = found, self._find(found + 1)
        return last

    def _raw(self, begin: int, following: int | None) -> str:
        """The text of the element that starts at `begin`, up to the next one; at most RAW_LIMIT bytes."""
        with open(self.path, "rb") as stream:
            stream.seek(begin)
            text = stream.read(RAW_LIMIT if following is None else min(RAW_LIMIT, following - begin))
        if ends := list(self._end.finditer(text)):
            text = text[: ends[-1].end()]
        return text.rstrip().decode("utf-8", errors="replace")

    def _root(self, first: int) -> bytes:
        """The document's head, up to its first element, so that namespaces stay declared after a skip."""
        with open(self.path, "rb") as stream:
            return stream.read(first).replace(b"\r", b" ").replace(b"\n", b" ")


class DocumentCheck:
    """Checks whether a document can be read as a whole, while its bytes pass by.

    A well-formed document costs no more than that. Any other is read as the loader reads it, to learn whether single
    elements are damaged or the whole document.
    """

    def __init__(self, path: str | Path, element: str) -> None:
        self.path, self.element = path, element
        self._is_sound = True
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.StartElementHandler = self._root
        self._parser.StartDoctypeDeclHandler = partial(_refuse_document_type, path)

    def _root(self, name: str, attributes: object) -> None:
        self._is_sound = name.rpartition("}")[2] != self.element
        self._parser.StartElementHandler = None

    def feed(self, piece: memoryview, is_final: bool = False) -> None:
        """Parse the next piece of the document."""
        if self._is_sound:
            try:
                self._parser.Parse(piece, is_final)
            except expat.ExpatError:
                self._is_sound = False

    def finish(self) -> None:
        """Raise a DocumentError if the document cannot be read as a whole."""
        self.feed(memoryview(b""), is_final=True)
        if not self._is_sound:
            for _ in XmlRows(self.path, self.element):
                pass


def line_feeds(path: str | Path, begin: int, end: int) -> int:
    """Count the line feeds of a file between two positions."""
    with open(path, "rb") as stream:
        stream.seek(begin)
        return sum(stream.read(min(BLOCK, end - at)).count(b"\n") for at in range(begin, end, BLOCK))


def _refuse_document_type(path: str | Path, *_: object) -> None:
    raise DocumentError(f"{path} has a document type (DOCTYPE), which is not accepted. Have it delivered without.")


class XmlTable:
    """Documents of one layout as a table that DuckDB can scan any number of times."""

    def __init__(self, layout: Layout, paths: list[str], folder: Path) -> None:
        self.paths = paths
        self.folder = folder
        self.element = str(layout.meta["element"])
        self._presences = [index for index, column in enumerate(layout.columns) if column.meta.get("presence")]
        keys = [*(str(column.meta["path"]) for column in layout.columns), "#line", "#offset", "#error", "#raw"]
        self._values = itemgetter(*keys)
        self._absent: dict[str, str | None] = dict.fromkeys(keys)
        self.schema = pa.schema(
            [
                *((column.name, pa.string()) for column in layout.columns),
                ("file_name", pa.string()),
                ("line_number", pa.int64()),
                ("byte_offset", pa.int64()),
                ("parse_error", pa.string()),
                ("raw_text", pa.string()),
            ]
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield record batches of at most ROWS rows."""
        for path in self.paths:
            name = Path(path).relative_to(self.folder).as_posix()
            rows = iter(XmlRows(path, self.element))
            while some := list(islice(rows, ROWS)):
                yield self._batch(name, some)

    def _batch(self, name: str, rows: list[Row]) -> pa.RecordBatch:
        *columns, line, offset, error, raw = zip(*(self._values(self._absent | row) for row in rows), strict=True)
        for index in self._presences:
            columns[index] = tuple(None if value is None else "true" for value in columns[index])
        values = [*columns, [name] * len(rows), list(map(int, line)), list(map(int, offset)), error, raw]
        arrays = [pa.array(column, field.type) for column, field in zip(values, self.schema, strict=True)]
        return pa.record_batch(arrays, schema=self.schema)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self.schema, self.batches())
        return reader.__arrow_c_stream__(requested_schema)
