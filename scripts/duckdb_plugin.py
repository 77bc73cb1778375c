"""dbt-duckdb plugin: lets SQL see the landing area.

Each connection gets
- `check_landing(through_batch, loaded, loaded_through, read_files)`: checks the landing area and returns an empty text,
  or its problems. `loaded` is a JSON list of the files already in the warehouse, `loaded_through` the last batch in
  core, 0 for none. If `read_files` is false, files are listed without reading them;
- `check_ledger(entries_seen)`: an empty text, or that lines of the erasure ledger were lost;
- the relation `landing_area`: the files found by the last check, with row counts of those to be loaded;
- the relation `landing_ignored`: all other entries, and why they are not loaded;
- the relation `landing_retakes`: loaded sources and batches that have changed, in the last loaded batch, or got a late
  file, in any; their rows are to be removed and all their files loaded again;
- a relation `landing_<source>__<table>` for each XML layout, which streams the documents found by the last check;
- `landed_text(file_name, byte_offset, byte_count)`: a piece of a landed file, for messages about it;
- `start_run` and `end_run`, which keep the run history (scripts/quality);
- `keyed_hash(purpose, value)` and `keyed_hash_version()`, which make tokens (scripts/tokens.py).

The warehouse is attached here before dbt does it, with its key where it has one. Afterwards SQL reaches no other files
and changes no settings.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from scripts import settings, tokens
from scripts.data_subjects import ledger
from scripts.landing.definitions import Layout, layouts
from scripts.landing.errors import LandingError
from scripts.landing.inventory import Comparison, LandedFile, LoadedFile, Survey, compare, read, survey
from scripts.landing.relations import landed_text, relations
from scripts.landing.xml_reader import XmlTable
from scripts.problem import Problem
from scripts.project import PROJECT, landing_name
from scripts.quality.affected_rows import count_affected_rows
from scripts.quality.functions import register
from scripts.sandbox import close_sandbox
from scripts.warehouse_file import WarehouseInUse, attach_file

PATIENCE_SECONDS = 10
# What a look finds in an empty landing area.
NOTHING: tuple[Survey, Comparison, list[LandedFile]] = Survey({}, None, [], []), Comparison({}, {}), []


class LandingArea:
    """The landing area as of the last check; one for the process, seen by every connection."""

    def __init__(self) -> None:
        self._take(Path(), *NOTHING)

    def _take(self, folder: Path, found: Survey, comparison: Comparison, files: list[LandedFile]) -> None:
        self.folder, self.files = folder, files
        self.names = {f.name for f in files}
        # Every model reads the list of files, so it is converted once.
        self.tables = relations(found, comparison, files)

    def check(self, through_batch: int, loaded: str, loaded_through: int, read_files: bool) -> str:
        """Find and check files; returns the problems, or an empty text."""
        folder = Path(landing_name())
        self._take(folder, *NOTHING)
        known = [
            LoadedFile(**file | {"modified_at": datetime.fromisoformat(file["modified_at"])})
            for file in json.loads(loaded or "[]")
        ]
        try:
            found = survey(folder, through_batch if through_batch > 0 else None)
            comparison = compare(found, known, loaded_through)
            files = read(found, comparison) if read_files else found.files
        except LandingError as error:
            return str(error)
        self._take(folder, found, comparison, files)
        return ""

    def text(self, file_name: str, byte_offset: int, byte_count: int) -> str:
        """A piece of a landed file, and of no other; bytes that are not UTF-8 are replaced."""
        if file_name not in self.names:
            raise ValueError(f"{file_name} is not a landed file.")
        return landed_text(self.folder, file_name, byte_offset, byte_count)

    def listing(self, name: str) -> pa.Table:
        """A relation of the last check."""
        return self.tables[name]

    def documents(self, definition: Layout) -> XmlTable:
        """The documents of an XML layout, opened when they are scanned."""
        return XmlTable(definition, [f.path for f in self.files if f.source == definition.name], self.folder)


class Scanned:
    """A relation as it is when a query scans it, rather than when the cursor got it."""

    def __init__(self, current: Callable[[], Any]) -> None:
        self.current = current

    def __arrow_c_schema__(self) -> object:
        return self.current().schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.current().__arrow_c_stream__(requested_schema)


@contextmanager
def _as_dbt_error() -> Iterator[None]:
    """Raise a Problem as an error that dbt shows without a traceback."""
    try:
        yield
    except Problem as problem:
        raise DbtRuntimeError(str(problem)) from None


def _retry_while_in_use(open_it: Callable[[], None]) -> None:
    """Open the warehouse, waiting a while for another process that writes it."""
    global _BUSY
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return open_it()
        except WarehouseInUse:
            if _BUSY or time.monotonic() > deadline:
                _BUSY = True
                raise
            time.sleep(0.5)


_AREA = LandingArea()
_BUSY = False
count_affected_rows()


class Plugin(BasePlugin):  # type: ignore[misc]
    """Registers the landing area with every DuckDB connection that dbt opens."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take over whether the profile asks for an encrypted warehouse; and let relative paths mean the project's, in
        whatever folder dbt was started.
        """
        os.chdir(PROJECT)
        # dbt has read the project by now: a million objects that live as long as the run. Looking through them for
        # garbage again and again takes a tenth of the processor time of a small load.
        gc.freeze()
        # An empty build would empty the tables there are, so it happens beside the warehouse.
        self.aside = bool(getattr(get_flags(), "EMPTY", False))
        with _as_dbt_error():
            settings.check(getattr(get_flags(), "VARS", {}))
        self.encrypt = bool(plugin_config.get("encrypt"))

    @property
    def _attached(self) -> dict[str, str]:
        """The warehouse's path by its catalog, where the profile attaches it."""
        attachments = (self.creds.attach if self.creds else None) or []
        return {a.alias: a.path for a in attachments if a.alias == self.creds.database}

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register functions, which all cursors of a connection share."""
        conn.create_function(
            "check_landing",
            _AREA.check,
            ["INTEGER", "VARCHAR", "INTEGER", "BOOLEAN"],
            "VARCHAR",
            side_effects=True,
        )
        conn.create_function("check_ledger", ledger.lost, ["BIGINT"], "VARCHAR", side_effects=True)
        conn.create_function("landed_text", _AREA.text, ["VARCHAR", "BIGINT", "BIGINT"], "VARCHAR")
        register(conn)
        # A plain file is a private warehouse and gets a key; elsewhere, the key must exist.
        tokens.register(conn, tokens.token_key(make=bool(self._attached) and not self.encrypt))
        for alias, path in self._attached.items():
            if self.aside:
                conn.execute(f"attach ':memory:' as {alias}")
            else:
                with _as_dbt_error():
                    _retry_while_in_use(partial(attach_file, conn, Path(path), alias, self.encrypt))
        close_sandbox(conn, [] if self.aside else list(self._attached.values()))

    def configure_cursor(self, cursor: Any) -> None:
        """Register relations, which belong to one cursor each, and make the warehouse the default catalog."""
        if self._attached:
            cursor.execute(f"use {self.creds.database}")
        for name in _AREA.tables:
            cursor.register(name, Scanned(partial(_AREA.listing, name)))
        with _as_dbt_error():
            ledger.register(cursor)
        for definition in layouts():
            if definition.meta["format"] == "xml":
                name = f"landing_{definition.source}__{definition.table}"
                cursor.register(name, Scanned(partial(_AREA.documents, definition)))
