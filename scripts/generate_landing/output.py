"""Writing: data files, whole or in parts, and their control totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from scripts.generate_landing.dice import I64
from scripts.generate_landing.settings import CHUNK_ROWS
from scripts.generate_landing.text import Text, delimited, integer

AUDIT_HEADER = "DataSet, BatchID, Date, Attribute, Value, DValue"


class DataFile:
    """A data file that rows are appended to; in several parts, each block of rows goes to all of them."""

    def __init__(self, landing: Landing, batch: int, name: str, names: list[str]) -> None:
        self._files: list[BinaryIO] = [(landing.folder(batch) / part).open("wb") for part in names]
        self._landing, self._name = landing, name
        self.is_daily = batch > 1
        self.rows = 0

    def __enter__(self) -> DataFile:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files:
            file.close()

    def write(self, lines: Text) -> None:
        """Append rows, which include their line feeds."""
        rows, parts = len(lines), len(self._files)
        if not rows:
            return
        self.rows += rows
        _, ends, text = lines.buffers()
        edges = np.frombuffer(ends, dtype=np.int32)[[rows * number // parts for number in range(parts + 1)]]
        for file, first, last in zip(self._files, edges[:-1], edges[1:], strict=True):
            file.write(text[first:last])
        self._landing.progress(int(edges[-1]))

    def add(self, columns: Sequence[Text], flag: Text = "I") -> None:
        """Append rows with bars between columns; in a daily batch with a flag and a number, which runs on from batch to
        batch, before them."""
        if self.is_daily:
            rows, before = len(columns[0]), self._landing.changes[self._name]
            self._landing.changes[self._name] += rows
            columns = [flag, integer(before + 1 + np.arange(rows)), *columns]
        self.write(delimited(columns, "|"))

    def write_each(self, lines: Callable[[I64], Text], numbers: I64) -> None:
        """Append rows about numbered things, a cacheful at a time."""
        for at in range(0, len(numbers), CHUNK_ROWS):
            self.write(lines(numbers[at : at + CHUNK_ROWS]))


class Landing:
    """A landing area that is being written."""

    def __init__(self, root: Path, split: int, progress: Callable[[int], None]) -> None:
        """`progress` gets the number of bytes written since its last call, by any thread."""
        self.root, self.split, self.progress = root, split, progress
        self.changes: Counter[str] = Counter()
        """Numbered rows so far, by file."""

    def folder(self, batch: int) -> Path:
        """The folder of a batch, made where it is missing."""
        path = self.root / f"Batch{batch}"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def file(self, batch: int, name: str, large: bool = False) -> DataFile:
        """A data file of a batch; a large one comes in parts where parts are asked for."""
        stem, _, suffix = name.partition(".")
        parts = [f"{stem}_{part}.{suffix}" for part in range(1, self.split + 1)]
        names = parts if large and self.split > 1 else [name]
        return DataFile(self, batch, name, names)

    def audit(self, batch: int, name: str, **totals: dict[str, int]) -> None:
        """Control totals beside a data file, by data set."""
        lines = [
            f"{data_set},{batch},,{attribute},{value},"
            for data_set, attributes in totals.items()
            for attribute, value in attributes.items()
        ]
        self._text(self.folder(batch) / f"{name}_audit.csv", [AUDIT_HEADER, *lines])

    def root_audit(self, name: str, lines: Iterable[str]) -> None:
        """Control totals that belong to no single file."""
        self._text(self.root / f"{name}_audit.csv", [AUDIT_HEADER, *lines])

    def batch_date(self, batch: int, day: str) -> None:
        """Mark a batch as complete."""
        self._text(self.folder(batch) / "BatchDate.txt", [day])

    def _text(self, path: Path, lines: Iterable[str]) -> None:
        text = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(text)
        self.progress(len(text))
