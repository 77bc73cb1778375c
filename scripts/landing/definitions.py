"""Source layouts as the project defines them.

A layout stands once, in a `_<folder>__sources.yml` file under `models/staging/`. SQL reads it through dbt's graph;
Python reads the same files here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]

# The loader in C takes a tenth of the time, and every run of dbt reads the layouts.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Column:
    """One column of a landed file: its name, SQL type, and the settings under `meta`."""

    name: str
    data_type: str
    meta: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Layout:
    """One landed file's layout, with the settings that say where and when it lands."""

    source: str
    table: str
    columns: tuple[Column, ...]
    meta: dict[str, Any] = field(hash=False)

    @property
    def name(self) -> str:
        """Source and table as one name, such as `brokerage.trade`."""
        return f"{self.source}.{self.table}"

    @property
    def feed(self) -> str:
        """What the reconciliation calls the file: its name without ending, such as `Trade`."""
        return str(self.meta["file"]).split(".")[0]

    @property
    def may_be_empty(self) -> bool:
        """Whether a file without rows is normal."""
        return bool(self.meta.get("may_be_empty", False))

    @property
    def pattern(self) -> re.Pattern[str]:
        """Names under which the file may land: whole, or in numbered parts."""
        if self.meta["format"] == "audit":
            return re.compile(r".*_audit\.csv")
        if self.meta["format"] == "fixed":
            return re.compile(r"FINWIRE\d{4}Q[1-4](_\d+)?")
        stem, _, ending = str(self.meta["file"]).rpartition(".")
        return re.compile(rf"{re.escape(stem)}(_\d+)?\.{re.escape(ending)}")

    def lands_in(self, batch_id: int) -> bool:
        """Whether the file is due in a batch."""
        due = self.meta["batches"]
        return bool(due == "all" or (due == "first") == (batch_id == 1))


@cache
def layouts() -> tuple[Layout, ...]:
    """All layouts of the project, in the order of their files."""
    found = []
    for path in sorted((PROJECT / "models" / "staging").rglob("_*__sources.yml")):
        for source in yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)["sources"]:
            for table in source["tables"]:
                columns = tuple(
                    Column(c["name"], c["data_type"], c.get("config", {}).get("meta", {})) for c in table["columns"]
                )
                meta = table.get("config", {}).get("meta", {})
                if "file" in meta:
                    found.append(Layout(source["name"], table["name"], columns, meta))
    return tuple(found)


def layout(name: str) -> Layout:
    """The layout of `source.table`; a KeyError names what is not there."""
    for candidate in layouts():
        if candidate.name == name:
            return candidate
    raise KeyError(f"no source {name} in models/staging/**/_*__sources.yml")
