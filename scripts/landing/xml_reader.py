"""A streaming reader of XML documents that are long lists of small elements.

Expat parses; memory holds one batch of rows. An element that is not well formed is set aside with its text, and
reading goes on at the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from xml.parsers import expat

import pyarrow as pa

from scripts.landing.definitions import Layout

BLOCK = 1 << 20
ROWS = 20_000
RAW_LIMIT = 4_000

Row = dict[str, str]


class XmlRows:
    """Rows of one XML document: a dict for each element, keyed by path below it, such as `Customer/@C_ID`.

    A path that is absent is not in the dict; one that is present and empty has an empty string. Two more keys say
    where the element is: `#line` (from 1) and `#offset` (bytes from the start). An element that cannot be parsed
    gives a row with `#error` (the reason) and `#raw` (its text).
    """

    def __init__(self, path: str | Path, element: str) -> None:
        self.path = Path(path)
        self.element = element
        self._start = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?" + element.encode() + rb"[\s>/]")
        self._rows: list[Row] = []

    def __iter__(self) -> Iterator[Row]:
        offset, line = 0, 1
        root = b""
        while True:
            # A parser per stretch of well-formed text; `offset` is where the next stretch begins.
            parser = self._parser(len(root), offset, line)
            try:
                if root:
                    parser.Parse(root, False)
                with open(self.path, "rb") as stream:
                    stream.seek(offset)
                    while block := stream.read(BLOCK):
                        parser.Parse(block, False)
                        yield from self._taken()
                parser.Parse(b"", True)
                yield from self._taken()
                return
            except expat.ExpatError as error:
                yield from self._taken()
                failed_at = parser.ErrorByteIndex - len(root) + offset
                begin = self._element_start
                if begin is None:
                    begin = failed_at
                text, following = self._skip(begin, failed_at)
                before = self._lines(offset, begin)
                if self._start.match(text):
                    yield {
                        "#line": str(line + before),
                        "#offset": str(begin),
                        "#error": f"not well-formed XML: {expat.ErrorString(error.code)}",
                        "#raw": text[:RAW_LIMIT].decode("utf-8", errors="replace"),
                    }
                if following is None:
                    return
                line += self._lines(offset, following)
                offset, root = following, self._root()

    def _parser(self, root_length: int, offset: int, line: int) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.ordered_attributes = True
        self._element_start: int | None = None
        stack: list[str] = []
        row: Row = {}
        text: list[str] = []
        element = self.element
        rows = self._rows

        def start(name: str, attributes: list[str]) -> None:
            name = name.rpartition("}")[2]
            if self._element_start is None:
                if name != element:
                    return
                self._element_start = parser.CurrentByteIndex - root_length + offset
                row.clear()
                row["#line"] = str(parser.CurrentLineNumber - 1 + line)
                row["#offset"] = str(self._element_start)
                prefix = "@"
            else:
                path = f"{stack[-1]}/{name}" if stack else name
                stack.append(path)
                row[path] = ""
                prefix = path + "/@"
            for i in range(0, len(attributes), 2):
                row[prefix + attributes[i]] = attributes[i + 1]
            text.clear()

        def end(name: str) -> None:
            if self._element_start is None:
                return
            if stack:
                path = stack.pop()
                if text:
                    row[path] = "".join(text)
                    text.clear()
            else:
                rows.append(row.copy())
                self._element_start = None

        def no_entities(*_: object) -> None:
            raise ValueError(f"{self.path}: a document type with entities is not accepted. Deliver it without.")

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text.append
        parser.EntityDeclHandler = no_entities
        return parser

    def _taken(self) -> list[Row]:
        rows, self._rows[:] = self._rows.copy(), []
        return rows

    def _skip(self, begin: int, failed_at: int) -> tuple[bytes, int | None]:
        """The text of the element that begins at `begin`, and where the next one after the failure begins."""
        with open(self.path, "rb") as stream:
            stream.seek(begin)
            text = b""
            while block := stream.read(BLOCK):
                text += block
                match = self._start.search(text, max(failed_at - begin, 1))
                if match:
                    return text[: match.start()].rstrip(), begin + match.start()
        return text.rstrip(), None

    def _lines(self, begin: int, end: int) -> int:
        count = 0
        with open(self.path, "rb") as stream:
            stream.seek(begin)
            while begin < end and (block := stream.read(min(BLOCK, end - begin))):
                count += block.count(b"\n")
                begin += len(block)
        return count

    def _root(self) -> bytes:
        """The document's own start, up to its first element, so that namespaces stay declared after a skip."""
        with open(self.path, "rb") as stream:
            head = stream.read(BLOCK)
        match = self._start.search(head)
        text = head[: match.start()] if match else head
        return text.replace(b"\n", b" ")


class XmlTable:
    """Documents of one layout as a table that DuckDB can scan, row by row and as often as it likes."""

    def __init__(self, layout: Layout, paths: list[str], folder: Path) -> None:
        self.paths = paths
        self.folder = folder
        self.element = str(layout.meta["element"])
        self.columns = [(c.name, str(c.meta["path"]), bool(c.meta.get("presence"))) for c in layout.columns]
        names = [name for name, _, _ in self.columns]
        keys = [*(path for _, path, _ in self.columns), "#line", "#offset", "#error", "#raw"]
        self._values = itemgetter(*keys)
        self._absent: dict[str, str | None] = dict.fromkeys(keys)
        self.schema = pa.schema(
            [
                *((name, pa.string()) for name in names),
                ("file_name", pa.string()),
                ("line_number", pa.int64()),
                ("byte_offset", pa.int64()),
                ("parse_error", pa.string()),
                ("raw_text", pa.string()),
            ]
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Arrow record batches of at most ROWS rows."""
        for path in self.paths:
            name = Path(path).relative_to(self.folder).as_posix()
            rows: list[Row] = []
            for row in XmlRows(path, self.element):
                rows.append(row)
                if len(rows) == ROWS:
                    yield self._batch(name, rows)
                    rows = []
            if rows:
                yield self._batch(name, rows)

    def _batch(self, name: str, rows: list[Row]) -> pa.RecordBatch:
        columns = list(zip(*(self._values(self._absent | row) for row in rows), strict=True))
        for index, (_, _, presence) in enumerate(self.columns):
            if presence:
                columns[index] = tuple(None if value is None else "true" for value in columns[index])
        arrays = [pa.array(column, pa.string()) for column in columns[: len(self.columns)]]
        line, offset, error, raw = columns[len(self.columns) :]
        arrays.append(pa.array([name] * len(rows), pa.string()))
        arrays.append(pa.array([int(n) for n in line], pa.int64()))
        arrays.append(pa.array([int(n) for n in offset], pa.int64()))
        arrays.append(pa.array(error, pa.string()))
        arrays.append(pa.array(raw, pa.string()))
        return pa.record_batch(arrays, schema=self.schema)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self.schema, self.batches())
        return reader.__arrow_c_stream__(requested_schema)
