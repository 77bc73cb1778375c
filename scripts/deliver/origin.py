"""The `delivery` of a layout: where it comes from, which batch it belongs to, and its format."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from scripts.landing.definitions import Layout
from scripts.landing.errors import LandingError
from scripts.project import PROJECT

DATABASES = ("duckdb", "sqlite", "postgresql")
ENDINGS = {"json": "json jsonl ndjson", "parquet": "parquet", "excel": "ods xls xlsb xlsm xlsx"}
ENGINES = {f".{ending}": engine for engine, endings in ENDINGS.items() for ending in endings.split()}
# Formats of cells. A column's own settings override those of its delivery.
CELL_SETTINGS = ("date_format", "decimal", "thousands", "nulls", "trim")
TEXT_SETTINGS = ("delimiter", "quote", "encoding", "header", "skip")
SETTINGS = ("from", "kind", "date", *TEXT_SETTINGS, *CELL_SETTINGS)


def deliveries_folder() -> Path:
    """The folder that other systems deliver to."""
    return PROJECT / os.environ.get("DELIVERIES_DIR", "data/deliveries")


@dataclass(frozen=True)
class Origin:
    """A file or a table of a database, as `from` gives it.

    `name` is the table of a database or the sheet of a workbook; `path` is empty for a database server.
    """

    engine: str
    path: str
    name: str

    @classmethod
    def of(cls, text: str) -> Origin:
        """Parse an origin, such as `billing/*.csv`, `customers.xlsx#Sheet2` or `sqlite:crm.db#contacts`."""
        engine, colon, rest = text.partition(":")
        if colon and engine in DATABASES:
            path, _, name = rest.partition("#")
            if not name:
                raise LandingError(f"{text} names no table. Put it behind a #, as in {engine}:{path}#contacts.")
            return cls(engine, path, name)
        path, _, name = text.partition("#")
        if ENGINES.get(Path(path).suffix.lower()) == "excel":
            return cls("excel", path, name)
        return cls(ENGINES.get(Path(text).suffix.lower(), "text"), text, "")

    @property
    def is_database(self) -> bool:
        """Whether it is a table: its rows have no order, and no file's time shows when they changed."""
        return self.engine in DATABASES


@dataclass(frozen=True)
class TextFormat:
    """Format of a text file. `skip` is the number of rows to skip above the header, in workbooks too."""

    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    skip: int = 0


@dataclass(frozen=True)
class Delivery:
    """The delivery of a layout."""

    layout: Layout
    origin: Origin
    kind: str
    named: str
    text: TextFormat

    @classmethod
    def of(cls, layout: Layout) -> Delivery:
        """Read a layout's `delivery`; raises a LandingError if it is invalid."""
        given: Mapping[str, Any] = layout.meta["delivery"]
        where = f"{layout.name}, in {layout.defined_in}, under delivery"
        if unknown := sorted(set(given) - set(SETTINGS)):
            raise LandingError(f"{where}: nothing reads {', '.join(unknown)}. There are {', '.join(SETTINGS)}.")
        if layout.meta["format"] != "csv":
            raise LandingError(f"{where}: what is delivered lands as csv. Give the layout format: csv.")
        if not given.get("from") or given.get("kind") not in ("dated", "replaced"):
            raise LandingError(f"{where}: say where it comes from (from), and its kind, dated or replaced.")
        if (given["kind"] == "dated") != bool(given.get("date")):
            raise LandingError(
                f"{where}: give `date` to dated files and to no others: their name with the day in it, such as "
                "invoices-%Y-%m-%d.csv."
            )
        origin = Origin.of(str(given["from"]))
        if given["kind"] == "dated" and origin.is_database:
            raise LandingError(f"{where}: a table of a database is replaced, not dated. Give kind: replaced.")
        if not isinstance(given.get("skip", 0), int) or given.get("skip", 0) < 0:
            raise LandingError(f"{where}: skip counts rows above the header, and {given['skip']!r} is not a count.")
        text = {key: given[key] for key in TEXT_SETTINGS if key in given}
        return cls(layout, origin, str(given["kind"]), str(given.get("date") or ""), TextFormat(**text))

    def cell_settings(self, column_meta: Mapping[str, Any]) -> dict[str, Any]:
        """The format of a column's cells."""
        given: Mapping[str, Any] = self.layout.meta["delivery"]
        return {key: settings[key] for settings in (given, column_meta) for key in CELL_SETTINGS if key in settings}

    def files(self, folder: Path) -> list[Path]:
        """The files that are there now, sorted by name; none for a server."""
        if not self.origin.path:
            return []
        if self.kind == "replaced":
            path = folder / self.origin.path
            return [path] if path.exists() else []
        return sorted(path for path in folder.glob(self.origin.path) if path.is_file())

    def day_of(self, path: Path) -> date:
        """The day in a dated file's name."""
        try:
            return datetime.strptime(path.name, self.named).date()
        except ValueError:
            raise LandingError(
                f"{path} is not named like {self.named}, so its day is not known. Rename it, or take it out of there."
            ) from None

    def landed_name(self, day: date) -> str:
        """The name under which a day's file lands."""
        return re.sub(r"\?{4}-\?\?-\?\?", day.isoformat(), self.layout.file)
