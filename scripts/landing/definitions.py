"""Source layouts as the project defines them.

Each layout is defined once, in a `_<folder>__sources.yml` file under `models/staging/`. SQL reads it through dbt's
graph; Python reads the same files here.

Under `meta`, `file` is the name under which a file lands, or a pattern for several names, where `*` matches letters,
digits, `_`, `.` and `-`, `?` one character, and `[0-9]` or `[1-4]` one of those. A file may come whole or in parts,
numbered before the extension: `Trade.txt`, or `Trade_1.txt` and `Trade_2.txt`. `batches` says in which batches it is
due: `all`, `first` or `later`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from scripts.columns import Column
from scripts.project import PROJECT

# The C loader takes a tenth of the time, and every dbt run reads the layouts.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# How alike two names must be: `Trades` is taken for `Trade`, but `data` not for `Date`.
LIKENESS = 0.85


@dataclass(frozen=True)
class Layout:
    """The layout of a landed file, with the settings for where and when it lands."""

    source: str
    table: str
    columns: tuple[Column, ...]
    meta: dict[str, Any] = field(hash=False)
    defined_in: Path = field(default=Path(), hash=False)

    @property
    def name(self) -> str:
        """Source and table as one name, such as `brokerage.trade`."""
        return f"{self.source}.{self.table}"

    @property
    def file(self) -> str:
        """The file's name, or a pattern for several."""
        return str(self.meta["file"])

    @property
    def feed(self) -> str:
        """The file's name in the reconciliation: without extension, such as `Trade`."""
        return re.split(r"_?[.?\[]", self.file)[0]

    @property
    def is_one_file(self) -> bool:
        """Whether a batch has one such file, rather than several with names of their own."""
        return not re.search(r"[*?\[]", self.file)

    @property
    def is_control(self) -> bool:
        """Whether it holds control totals, which a source system need not send."""
        return bool(self.meta["format"] == "audit")

    @property
    def may_be_empty(self) -> bool:
        """Whether a file without rows is normal."""
        return bool(self.meta.get("may_be_empty", False))

    @property
    def may_return(self) -> bool:
        """Whether a later batch may send a key again."""
        return bool(self.meta.get("may_return", False))

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the names under which the file may land; the group `part` is the number of a part."""
        wildcards = {"*": r"[\w.-]*", "?": r"[\w.-]"}
        tokens = re.findall(r"\[[^]]+\]|.", self.file)
        name = [t if t[0] == "[" and len(t) > 1 else wildcards.get(t, re.escape(t)) for t in tokens]
        ending = len(name) - len(Path(self.file).suffix)
        part = "" if self.is_control else "(_(?P<part>[0-9]+))?"
        return re.compile(r"(?!\.)" + "".join(name[:ending]) + part + "".join(name[ending:]), re.ASCII)

    def lands_in(self, batch_id: int) -> bool:
        """Whether a batch's file is read at all."""
        due = self.meta["batches"]
        return due in ("all", "any") or (due == "first") == (batch_id == 1)

    def is_due_in(self, batch_id: int) -> bool:
        """Whether the file must be in a batch."""
        return self.meta["batches"] != "any" and self.lands_in(batch_id)


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
                    found.append(Layout(source["name"], table["name"], columns, meta, path))
    return tuple(found)


def layout(name: str) -> Layout:
    """The layout of `source.table`; raises KeyError if there is none."""
    for candidate in layouts():
        if candidate.name == name:
            return candidate
    raise KeyError(f"no source {name} in models/staging/**/_*__sources.yml")


@dataclass(frozen=True)
class LandedName:
    """A parsed file name: the layouts that read the file, the name of the whole file, and the part's number."""

    layouts: tuple[Layout, ...]
    whole: str
    part: str | None


@cache
def layouts_by_file() -> dict[str, tuple[Layout, ...]]:
    """Layouts by the file they read; the record types of a file share it."""
    return {file: tuple(d for d in layouts() if d.file == file) for file in dict.fromkeys(d.file for d in layouts())}


@cache
def identify(name: str) -> LandedName | None:
    """Parse the name of a landed file; None if no layout has such a name."""
    for group in layouts_by_file().values():
        if match := group[0].pattern.fullmatch(name):
            part = match.groupdict().get("part")
            whole = name if part is None else name[: match.start("part") - 1] + name[match.end("part") :]
            return LandedName(group, whole, part)
    return None


@cache
def look_alike(name: str) -> tuple[str, Layout] | None:
    """The file that a misspelt name probably means, and its layout.

    Only letters before the first dot count, in any case, and nearly all must agree. So neither case, separators,
    digits, extensions nor a typo hides what was meant.
    """
    letters = letters_of(name)
    meant: dict[str, tuple[str, Layout]] = {}
    for control in (d for d in layouts() if d.is_control):
        for layout in layouts():
            if not layout.is_control:
                stem = layout.file.removesuffix(Path(layout.file).suffix)
                meant[letters_of(stem + "audit")] = (f"{stem}_audit.csv", control)
    meant |= {letters_of(d.file): (d.file, d) for d in layouts() if not d.is_control}
    near = difflib.get_close_matches(letters, meant, 1, LIKENESS)
    return meant[near[0]] if near else None


def letters_of(name: str) -> str:
    """The letters of a name or pattern before its first dot, in lower case."""
    return re.sub(r"\[[^]]*\]|[^a-z]", "", name.split(".")[0].casefold())
