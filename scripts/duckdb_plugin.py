"""dbt-duckdb plugin: lets SQL see the landing area.

Each connection gets
- `check_landing(landing_dir, through_batch, loaded, read_files)`: looks at the landing area and returns an empty
  text, or what is wrong with it. `loaded` is a JSON list of the files already in the warehouse. Where
  `read_files` is false, files are listed without reading them;
- `check_ledger(entries_seen)`: an empty text, or that lines of the erasure ledger were lost;
- the relation `landing_area`: the files found by the last check, with their rows counted;
- a relation `landing_<source>__<table>` for each XML layout, which streams the documents found by the last check;
- `landed_text(file_name, byte_offset, byte_count)`: a piece of a landed file, for messages about it;
- `start_run` and `end_run`, which keep the run history (scripts/quality).
- `keyed_hash(purpose, value)` and `keyed_hash_version()`: what tokens are made with, see scripts.privacy.tokens.

The warehouse is attached here before dbt does it, with its key where it has one. Afterwards SQL reaches no other files
and changes no settings.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from scripts import settings
from scripts.encryption import EncryptionProblem
from scripts.keys import PROJECT, KeyProblem
from scripts.landing.definitions import layout, layouts
from scripts.landing.inventory import (
    LandedFile,
    LandingError,
    LoadedFile,
    complete_batches,
    find_files,
    inspect,
    refuse_changed,
)
from scripts.landing.xml_reader import XmlTable
from scripts.privacy import ledger, tokens
from scripts.privacy.ledger import PrivacyProblem
from scripts.quality.affected_rows import count_affected_rows
from scripts.quality.functions import register
from scripts.sandbox import close_sandbox, landing_folder
from scripts.warehouse_file import WarehouseInUse, attach_file

PATIENCE_SECONDS = 10

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
    ]
)


class LandingArea:
    """The landing area as of the last check; one for the process, seen by every connection."""

    def __init__(self) -> None:
        self.files: list[LandedFile] = []
        self.folder = Path()
        self._table = AREA.empty_table()
        self.names: set[str] = set()

    def check(self, folder: str, through_batch: int, loaded: str, read_files: bool) -> str:
        """Find and check files; returns what is wrong, or an empty text."""
        known = {
            (f["source_name"], f["file_name"]): LoadedFile(
                f["file_name"], f["byte_count"], datetime.fromisoformat(f["modified_at"])
            )
            for f in json.loads(loaded or "[]")
        }
        self.folder, self.files, self.names, self._table = Path(folder), [], set(), AREA.empty_table()
        if folder != landing_folder():
            return f"{folder} is not the landing area: LANDING_DIR names {landing_folder()}."
        try:
            batches = complete_batches(self.folder, through_batch if through_batch > 0 else None)
            files = find_files(self.folder, batches)
            refuse_changed(files, known)
            new = [f for f in files if (f.source, f.name) not in known]
            counts = self._read(new) if read_files else {}
        except LandingError as error:
            return str(error)
        self.files = [f.counted(counts.get((f.path, f.source))) for f in files]
        self.names = {f.name for f in files}
        # Every model looks at the files, so they are laid out as columns once.
        self._table = pa.table(
            {
                "source_name": [f.source for f in self.files],
                "feed": [f.feed for f in self.files],
                "batch_id": [f.batch_id for f in self.files],
                "file_name": [f.name for f in self.files],
                "file_path": [f.path for f in self.files],
                "byte_count": [f.byte_count for f in self.files],
                "modified_at": [f.modified_at for f in self.files],
                "line_count": [f.line_count for f in self.files],
            },
            schema=AREA,
        )
        return ""

    @staticmethod
    def _read(files: list[LandedFile]) -> dict[tuple[str, str], int]:
        """Rows of each file and source; files are read once, the largest first."""
        formats: dict[str, str] = {}
        for file in sorted(files, key=lambda f: -f.byte_count):
            formats[file.path] = str(layout(file.source).meta["format"])
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            counts = dict(zip(formats, pool.map(inspect, formats, formats.values()), strict=True))
        return {(f.path, f.source): counts[f.path].get(f.source, counts[f.path][""]) for f in files}

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)

    def text(self, file_name: str, byte_offset: int, byte_count: int) -> str:
        """A piece of a landed file, and of no other; bytes that are not UTF-8 are replaced."""
        if file_name not in self.names:
            raise ValueError(f"{file_name} is no landed file.")
        with open(self.folder / file_name, "rb") as stream:
            stream.seek(byte_offset)
            return stream.read(byte_count).decode("utf-8", errors="replace")


class XmlSource:
    """The documents of one layout, opened only when a query scans them."""

    def __init__(self, area: LandingArea, name: str) -> None:
        self.area = area
        self.name = name

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        paths = [f.path for f in self.area.files if f.source == self.name]
        table = XmlTable(layout(self.name), paths, self.area.folder)
        return table.__arrow_c_stream__(requested_schema)


def _patiently(open_it: Callable[[], None]) -> None:
    """Open the warehouse, waiting a while for another process that writes it."""
    global _BUSY
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return open_it()
        except WarehouseInUse as error:
            if _BUSY or time.monotonic() > deadline:
                _BUSY = True
                raise DbtRuntimeError(str(error)) from None
            time.sleep(0.5)
        except (EncryptionProblem, KeyProblem) as error:
            raise DbtRuntimeError(str(error)) from None


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
        # An empty build would empty the tables there are, so it happens beside the warehouse.
        self.aside = bool(getattr(get_flags(), "EMPTY", False))
        try:
            settings.check(get_flags().VARS)
        except settings.SettingProblem as error:
            raise DbtRuntimeError(str(error)) from None
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
            ["VARCHAR", "INTEGER", "VARCHAR", "BOOLEAN"],
            "VARCHAR",
            side_effects=True,
        )
        conn.create_function("check_ledger", ledger.lost, ["BIGINT"], "VARCHAR", side_effects=True)
        conn.create_function(
            "landed_text",
            _AREA.text,
            ["VARCHAR", "BIGINT", "BIGINT"],
            "VARCHAR",
        )
        register(conn)
        # A plain file is somebody's own warehouse and gets a key; elsewhere, it must be there.
        tokens.register(conn, tokens.token_key(make=bool(self._attached) and not self.encrypt))
        for alias, path in self._attached.items():
            if self.aside:
                conn.execute(f"attach ':memory:' as {alias}")
            else:
                _patiently(partial(attach_file, conn, Path(path), alias, self.encrypt))
        close_sandbox(conn, [] if self.aside else list(self._attached.values()))

    def configure_cursor(self, cursor: Any) -> None:
        """Register relations, which belong to one cursor each, and make the warehouse the default catalog."""
        if self._attached:
            cursor.execute(f"use {self.creds.database}")
        cursor.register("landing_area", _AREA)
        try:
            ledger.register(cursor)
        except (KeyProblem, PrivacyProblem) as error:
            raise DbtRuntimeError(str(error)) from None
        for definition in layouts():
            if definition.meta["format"] == "xml":
                name = f"landing_{definition.source}__{definition.table}"
                cursor.register(name, XmlSource(_AREA, definition.name))
