"""Landed files as tables of a Spark engine, one for each layout.

The data source is written in Python, since the engines' own readers reject a whole file for a bad row or do not say
where a row is. It gives numbered lines, complete records of comma-separated files, and elements of XML documents from
the streaming reader; SQL interprets them. A partition is a file, or several small ones; files that a query does not ask
for are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.datasource import DataSource, DataSourceReader, EqualTo, Filter, In, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from scripts.landing.definitions import layout
from scripts.landing.xml_reader import XmlTable

BLOCK = 1 << 24
FIELD = re.compile(r'("(?:[^"]|"")*"|[^,]*),')
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LINES = pa.schema(
    [
        ("batch_id", pa.int32()),
        ("file_name", pa.string()),
        ("line", pa.string()),
        ("line_number", pa.int64()),
        ("place", pa.int64()),
        ("fields", pa.list_(pa.field("element", pa.string()))),
    ]
)


class Landed(DataSource):  # type: ignore[misc]
    """`landed`: files of one layout. Its options are `layout`, `folder`, and `files` as JSON: [[batch, name], …]."""

    @classmethod
    def name(cls) -> str:
        """The data source's name in queries."""
        return "landed"

    def schema(self) -> StructType:
        """Columns of the layout's table."""
        definition = layout(self.options["layout"])
        is_xml = definition.meta["format"] == "xml"
        return from_arrow_schema(XmlTable(definition, [], Path()).schema if is_xml else LINES)

    def reader(self, schema: object) -> DataSourceReader:
        """The reader of the layout's files."""
        files = [(int(batch), str(name)) for batch, name in json.loads(self.options["files"])]
        return _Reader(self.options["layout"], Path(self.options["folder"]), files)


@dataclass(frozen=True)
class _File:
    """A landed file, and the number of lines in the files before it."""

    batch_id: int
    name: str
    lines_before: int


class _Reader(DataSourceReader):  # type: ignore[misc]
    def __init__(self, source: str, folder: Path, files: list[tuple[int, str]]) -> None:
        self.source, self.folder, self.files = source, folder, files

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:
        """Skip files that no filter asks for; the engine still filters all rows itself."""
        for asked in filters:
            if isinstance(asked, (EqualTo, In)) and asked.attribute == ("file_name",):
                names = {asked.value} if isinstance(asked, EqualTo) else set(asked.value)
                self.files = [file for file in self.files if file[1] in names]
            yield asked

    def partitions(self) -> list[InputPartition]:
        """Files in their order, small ones together: starting a task takes longer than reading them."""
        parts: list[list[_File]] = []
        before, room = 0, 0
        counts = bool(layout(self.source).meta.get("ordered"))
        for batch_id, name in self.files:
            path = self.folder / name
            if room <= 0:
                parts.append([])
                room = BLOCK
            parts[-1].append(_File(batch_id, name, before))
            room -= path.stat().st_size
            before += _count_lines(path) if counts else 0
        return [InputPartition(part) for part in parts]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The rows of a partition's files."""
        for file in partition.value:
            yield from self._rows(file)

    def _rows(self, file: _File) -> Iterator[pa.RecordBatch]:
        definition = layout(self.source)
        path = self.folder / file.name
        kind = definition.meta["format"]
        if kind == "xml":
            yield from XmlTable(definition, [str(path)], self.folder).batches()
            return
        for numbers, lines in _records(path) if kind == "csv" else _lines(path):
            count = len(lines)
            yield pa.record_batch(
                [
                    pa.repeat(pa.scalar(file.batch_id, pa.int32()), count),
                    pa.repeat(file.name, count),
                    lines,
                    numbers,
                    pc.add(numbers, file.lines_before),
                    pa.nulls(count, LINES.field("fields").type) if kind == "fixed" else _fields(lines, kind),
                ],
                schema=LINES,
            )


def _blocks(path: Path) -> Iterator[list[bytes]]:
    """Yield a file's lines without line feeds, many at a time."""
    with open(path, "rb") as stream:
        rest = stream.read(len(BYTE_ORDER_MARK)).removeprefix(BYTE_ORDER_MARK)
        while block := stream.read(BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            yield lines
        if rest:
            yield rest.split(b"\n")


def _lines(path: Path) -> Iterator[tuple[pa.Int64Array, pa.StringArray]]:
    """Lines and their numbers."""
    first = 1
    for lines in _blocks(path):
        texts = pc.utf8_rtrim(pa.array(lines, pa.binary()).cast(pa.string()), "\r")
        yield pa.array(range(first, first + len(lines)), pa.int64()), texts
        first += len(lines)


def _records(path: Path) -> Iterator[tuple[pa.Int64Array, pa.StringArray]]:
    """Records, which span lines where a quoted field has line ends, and the numbers of their first lines."""
    number, begun, open_record = 0, 0, b""
    is_open = False
    for lines in _blocks(path):
        numbers, records = [], []
        for line in lines:
            number += 1
            text = line.rstrip(b"\r")
            if not is_open:
                begun, open_record = number, text
            else:
                open_record += b"\n" + text
            is_open ^= text.count(b'"') % 2 == 1
            if not is_open:
                numbers.append(begun)
                records.append(open_record)
        yield pa.array(numbers, pa.int64()), pa.array(records, pa.binary()).cast(pa.string())
    if is_open:
        yield pa.array([begun], pa.int64()), pa.array([open_record], pa.binary()).cast(pa.string())


def _fields(lines: pa.StringArray, kind: str) -> pa.ListArray:
    """Split lines as the macro split_fields does; empty fields are null."""
    if kind == "pipe":
        parts = pc.split_pattern(lines, "|")
    else:
        parts = pa.array([[_unquoted(f) for f in FIELD.findall(line + ",")] for line in lines.to_pylist()])
        parts = parts.cast(pa.list_(pa.string()))
    filled = pc.if_else(pc.equal(parts.values, ""), None, parts.values)
    return pa.ListArray.from_arrays(parts.offsets, filled, LINES.field("fields").type)


def _unquoted(field: str) -> str:
    is_quoted = len(field) > 1 and field[0] == field[-1] == '"'
    return field[1:-1].replace('""', '"') if is_quoted else field


def _count_lines(path: Path) -> int:
    last, count = b"\n", 0
    with open(path, "rb") as stream:
        while block := stream.read(BLOCK):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")
