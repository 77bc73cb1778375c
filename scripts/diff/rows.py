"""Compare two warehouses: every table, row by row and column by column.

Fingerprints come first, so equal tables cost one scan. Where they differ, rows are matched by the table's key in one
full join, whose aggregates count everything at once. A table without a key is compared as a multiset: a row that one
side holds twice counts.

Views hold no rows of their own, so a view is compared only where its SQL differs, or something that it names does.
Values are selected only of columns that may be shown: what is not selected gets into no report and no message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Template

from scripts.diff.relations import (
    FAILURES,
    HISTORY_TABLES,
    NOT_COUNTED,
    SIDES,
    ColumnType,
    Relation,
    both,
    macros,
    place,
    relations,
)
from scripts.encryption import fingerprint
from scripts.pages import environment
from scripts.sql import identifier

EXAMPLES = 3
LONGEST_VALUE = 80
HISTORY = "tell what was done with a warehouse, not what it holds"
FAILING_ROWS = "hold rows that failed a test, of warehouses that were tested"
NOT_SELECTED = "were not selected"
SAME_VIEW = "are views of the same SQL that read nothing that differs"

Key = tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """A row whose value changed: its key, with nothing for a part that is not shown, and both values."""

    key: dict[str, str | None]
    before: str | None
    after: str | None


@dataclass
class ColumnDiff:
    """A column that one side lacks, that is declared differently, or that holds other values.

    `changed` counts rows of both sides whose values differ; without a key, rows cannot be matched.
    """

    name: str
    before: ColumnType | None
    after: ColumnType | None
    changed: int | None = None
    nulls_before: int | None = None
    nulls_after: int | None = None
    has_other_values: bool = False
    examples: list[Example] = field(default_factory=list)

    @property
    def schema_change(self) -> str:
        """What is declared differently, in words."""
        if self.before is None or self.after is None:
            known = self.before or self.after
            assert known
            return f"{'added' if self.before is None else 'removed'} ({known.shown_type})"
        said = []
        if self.before.type != self.after.type:
            types = [self.before.shown_type, self.after.shown_type]
            said.append(f"{types[0]} → {types[1]}" if types[0] != types[1] else f"{types[0]} of other values")
        if self.before.is_nullable != self.after.is_nullable:
            said.append("may be null now" if self.after.is_nullable else "may not be null any more")
        return ", ".join(said)


@dataclass
class TableDiff:
    """A table of either side. Rows are unknown where it could not be read, which `problem` says.

    `key` is what rows were matched by, `repeated_key` what should have been and is unique on one side at most.
    """

    table: str
    before: Relation | None
    after: Relation | None
    rows_before: int | None = None
    rows_after: int | None = None
    added: int = 0
    removed: int = 0
    changed: int = 0
    key: Key = ()
    repeated_key: Key = ()
    columns: list[ColumnDiff] = field(default_factory=list)
    problem: str = ""

    @property
    def schema_change(self) -> str:
        """Whether the table itself came, went, or became something else."""
        if self.before is None or self.after is None:
            known = self.before or self.after
            assert known
            return f"{known.kind} {'added' if self.before is None else 'removed'}"
        kinds = (self.before.kind, self.after.kind)
        return f"{kinds[0]} → {kinds[1]}" if kinds[0] != kinds[1] else ""

    @property
    def has_other_schema(self) -> bool:
        """Whether anything is declared differently."""
        return bool(self.schema_change) or any(column.schema_change for column in self.columns)

    @property
    def has_other_rows(self) -> bool:
        """Whether any row differs."""
        return bool(self.added or self.removed or self.changed)

    @property
    def differs(self) -> bool:
        """Whether anything differs at all."""
        return self.has_other_schema or self.has_other_rows

    @property
    def common(self) -> int:
        """Rows that both sides hold under one key."""
        return (self.rows_after or 0) - self.added

    def other_columns(self) -> list[ColumnDiff]:
        """Columns that differ in any way."""
        return [column for column in self.columns if column.schema_change or column.has_other_values]


@dataclass
class Comparison:
    """All tables of two warehouses, those that were not compared with the reason, and macros that differ."""

    tables: list[TableDiff] = field(default_factory=list)
    not_compared: dict[str, str] = field(default_factory=dict)
    macros: list[str] = field(default_factory=list)

    @property
    def different(self) -> list[TableDiff]:
        """Tables that differ."""
        return [table for table in self.tables if table.differs]

    @property
    def unreadable(self) -> list[TableDiff]:
        """Tables that could not be read."""
        return [table for table in self.tables if table.problem]


@dataclass(frozen=True)
class Rules:
    """What is known of tables: their keys, best first; which columns' values may be shown; which are asked for."""

    keys: Callable[[str], Sequence[Key]] = lambda table: ()
    shows: Callable[[str, str], bool] = lambda table, column: False
    selects: Callable[[str], bool] = lambda table: True


def differences(base: Path, head: Path) -> Comparison:
    """Compare two warehouses of which nothing is known."""
    with both(base, head) as con:
        return compare(con)


def compare(
    con: duckdb.DuckDBPyConnection, rules: Rules | None = None, progress: Callable[[str], None] = lambda table: None
) -> Comparison:
    """Compare the catalogs `base` and `head`; `progress` is called with the name of each table first."""
    rules = rules or Rules()
    before, after = (relations(con, side) for side in SIDES)
    done = Comparison()
    # A view may name a macro, or a table that was not looked at: then it is unknown whether what it reads is the same.
    suspects = _changed_macros(*(macros(con, side) for side in SIDES))
    done.macros = sorted(suspects)
    views: list[str] = []

    def look(name: str) -> None:
        progress(name)
        found = _Pair(con, name, before.get(name), after.get(name), rules).compare()
        done.tables.append(found)
        if found.differs or found.problem:
            suspects.add(_bare(name))

    for name in sorted(before.keys() | after.keys()):
        sides = (before.get(name), after.get(name))
        if reason := _left_out(name, sides, rules):
            done.not_compared[name] = reason
            if reason == NOT_SELECTED:
                suspects.add(_bare(name))
        elif all(sides) and any(relation and relation.definition for relation in sides):
            views.append(name)
        else:
            look(name)
    while due := [name for name in views if _may_differ(before[name], after[name], suspects)]:
        for name in due:
            look(name)
        views = [name for name in views if name not in due]
    done.not_compared |= dict.fromkeys(views, SAME_VIEW)
    done.tables.sort(key=lambda table: table.table)
    return done


def _left_out(name: str, sides: Iterable[Relation | None], rules: Rules) -> str:
    definitions = [side.definition.replace('"', "") for side in sides if side]
    if name in HISTORY_TABLES or any(table in text for text in definitions for table in HISTORY_TABLES):
        return HISTORY
    if name.startswith(f"{FAILURES}."):
        return FAILING_ROWS
    return "" if rules.selects(name) else NOT_SELECTED


def _bare(table: str) -> str:
    return table.split(".", 1)[1]


def _may_differ(before: Relation, after: Relation, suspects: set[str]) -> bool:
    return before.definition != after.definition or any(name in after.definition for name in suspects)


def _changed_macros(before: dict[str, str], after: dict[str, str]) -> set[str]:
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    while callers := {n for n, text in after.items() if n not in changed and any(c in text for c in changed)}:
        changed |= callers
    return changed


class _Pair:
    """A table on both sides, or on one."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, table: str, before: Relation | None, after: Relation | None, rules: Rules
    ) -> None:
        self.con, self.rules = con, rules
        self.diff = TableDiff(table, before, after)
        self.places = [place(side, table) for side in SIDES]
        old, new = (relation.columns if relation else {} for relation in (before, after))
        self.columns = {name: ColumnDiff(name, old.get(name), new.get(name)) for name in [*old, *new]}
        self.common = [n for n, c in self.columns.items() if c.before and c.after and n not in NOT_COUNTED]
        self.retyped = {n for n in self.common if old[n].type != new[n].type}

    def compare(self) -> TableDiff:
        """Fingerprint, then look closer where that is not the same."""
        diff = self.diff
        try:
            if diff.before is None or diff.after is None:
                self._count()
            else:
                self._look()
        except duckdb.Error as error:
            # What the database says may quote a value.
            diff.problem = f"cannot be read ({type(error).__name__}); query them to see why"
        finally:
            for side in SIDES:
                self.con.execute(f"drop table if exists memory.main.{side}_rows")
        diff.columns = [c for c in self.columns.values() if c.schema_change or c.has_other_values]
        return diff

    def _count(self) -> None:
        is_new = self.diff.before is None
        rows = int(self.con.execute(f"select count(*) from {self.places[is_new]}").fetchall()[0][0])
        if is_new:
            self.diff.rows_after = self.diff.added = rows
        else:
            self.diff.rows_before = self.diff.removed = rows

    def _look(self) -> None:
        assert self.diff.before and self.diff.after
        if self.diff.before.definition or self.diff.after.definition:
            for number, side in enumerate(SIDES):
                # A view may be made anew for each query that reads it.
                self.con.execute(f"create table memory.main.{side}_rows as from {self.places[number]}")
                self.places[number] = f"memory.main.{side}_rows"
        alike = ", ".join(identifier(name) for name in self.common if name not in self.retyped) or "1"
        left, right = (fingerprint(self.con, f"(select {alike} from {relation})") for relation in self.places)
        self.diff.rows_before, self.diff.rows_after = left[0], right[0]
        if left == right and not self.retyped:
            return
        for key in self.rules.keys(self.diff.table):
            if not set(key) <= set(self.common):
                continue
            if all(self._is_unique(key, relation) for relation in self.places):
                self._match(key)
                return
            self.diff.repeated_key = key
        self._count_as_multisets()

    def _is_unique(self, key: Key, relation: str) -> bool:
        """Whether a key is unique, nulls included: matching by one that is not could take forever."""
        listed = ", ".join(identifier(name) for name in key)
        return not self.con.execute(
            f"select 1 from {relation} group by {listed} having count(*) > 1 limit 1"
        ).fetchall()

    def _match(self, key: Key) -> None:
        diff = self.diff
        diff.key = key
        values = tuple(name for name in self.columns if name not in key and name not in NOT_COUNTED)
        sql = _match().render(
            base=self.places[0],
            head=self.places[1],
            key=key,
            values=values,
            shared=[name for name in values if name in self.common],
            columns=self.columns,
            alike=lambda side, name: self._alike(side, name, f"{side}.{identifier(name)}"),
            shows=lambda name: self.rules.shows(diff.table, name),
            examples=EXAMPLES,
            longest_value=LONGEST_VALUE,
        )
        [(matched, diff.changed, counts)] = self.con.execute(sql).fetchall()
        diff.added, diff.removed = (diff.rows_after or 0) - matched, (diff.rows_before or 0) - matched
        for name, (held_before, held_after, changed, examples) in zip(values, counts, strict=True):
            column = self.columns[name]
            if held_before is not None:
                column.nulls_before = (diff.rows_before or 0) - held_before
            if held_after is not None:
                column.nulls_after = (diff.rows_after or 0) - held_after
            column.changed = changed
            column.has_other_values = bool(changed)
            column.examples = [_example(key, example) for example in examples or ()]

    def _alike(self, side: str, name: str, value: str) -> str:
        """A column's value on one side, so that it can be compared with the other's. Values of two types are the same
        where the older one survives conversion to the newer type and back."""
        column = self.columns[name]
        if name not in self.retyped or column.before is None or column.after is None:
            return value
        old, new = column.before.type, column.after.type
        if side == "h" or not self._converts(old, new):
            return f"{value}::varchar"
        converted = f"try_cast({value} as {new})"
        survives = f"try_cast({converted} as {old}) is not distinct from {value}"
        return f"case when {survives} then {converted}::varchar else {value}::varchar end"

    def _converts(self, old: str, new: str) -> bool:
        try:
            self.con.execute(f"select try_cast(try_cast(null::{old} as {new}) as {old})")
        except duckdb.Error:
            return False
        return True

    def _count_as_multisets(self) -> None:
        """Rows that one side holds more often than the other, and columns whose values are not the same ones."""
        alike = [[self._alike(side, n, identifier(n)) for n in self.common] or ["1"] for side in ("b", "h")]
        listed = ", ".join(f"c{number}" for number in range(len(alike[0])))
        rows = " union all ".join(
            f"select {sign} as times, {', '.join(f'{text} as c{n}' for n, text in enumerate(texts))} from {relation}"
            for sign, texts, relation in zip((-1, 1), alike, self.places, strict=True)
        )
        added, removed = self.con.execute(
            f"select coalesce(sum(greatest(n, 0)), 0), coalesce(sum(greatest(-n, 0)), 0) "
            f"from (select sum(times) as n from ({rows}) group by {listed} having n <> 0)"
        ).fetchall()[0]
        self.diff.added, self.diff.removed = int(added), int(removed)
        if not self.common or not self.diff.has_other_rows:
            return
        sums = []
        for texts, relation in zip(alike, self.places, strict=True):
            listed = ", ".join(f"(sum(hash({text})::hugeint), count(*), count({text}))" for text in texts)
            sums.append(self.con.execute(f"select {listed} from {relation}").fetchall()[0])
        for name, one, other in zip(self.common, *sums, strict=True):
            self.columns[name].has_other_values = one != other


def _example(key: Key, found: dict[str, Any]) -> Example:
    return Example(dict(zip(key, found["key"], strict=True)), found["before"], found["after"])


@cache
def _match() -> Template:
    pages = environment("scripts.diff")
    pages.filters["identifier"] = identifier
    return pages.get_template("match.sql")
