"""The survey of a landing area as relations for SQL on any engine.

`landing_area` lists the files, `landing_ignored` all other entries and why they are not loaded, `landing_retakes` the
loaded sources and batches whose files are to be loaded again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from scripts.landing.inventory import Comparison, LandedFile, Survey

# In the order of the fields of LandedFile, and of Ignored.
AREA = pa.schema(
    [
        ("source_name", pa.string()),
        ("feed", pa.string()),
        ("batch_id", pa.int32()),
        ("file_name", pa.string()),
        ("file_path", pa.string()),
        ("byte_count", pa.int64()),
        ("modified_at", pa.timestamp("us")),
        ("line_count", pa.int64()),
        ("content_hash", pa.string()),
    ]
)
IGNORED = pa.schema([("file_name", pa.string()), ("reason", pa.string())])
RETAKES = pa.schema([("source_name", pa.string()), ("batch_id", pa.int32()), ("reason", pa.string())])


def relations(found: Survey, comparison: Comparison, files: Iterable[LandedFile]) -> dict[str, pa.Table]:
    """The relations by name; `files` are those of the survey, read or not."""
    return {
        "landing_area": _table(AREA, (vars(f).values() for f in files)),
        "landing_ignored": _table(IGNORED, (vars(i).values() for i in found.ignored)),
        "landing_retakes": _table(RETAKES, ((*pair, reason) for pair, reason in comparison.retakes.items())),
    }


def landed_text(folder: Path, name: str, byte_offset: int, byte_count: int) -> str:
    """A piece of a landed file; bytes that are not UTF-8 are replaced."""
    with open(folder / name, "rb") as stream:
        stream.seek(byte_offset)
        return stream.read(byte_count).decode("utf-8", errors="replace")


def _table(schema: pa.Schema, rows: Iterable[Iterable[object]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)
