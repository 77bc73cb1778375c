"""The diff as its readers get it: what there is to say, in the order of its weight, for Markdown and HTML alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scripts.diff.metrics import Metric
from scripts.diff.project import Impact, Known
from scripts.diff.rows import ColumnDiff, Comparison, TableDiff


@dataclass(frozen=True)
class Side:
    """A warehouse, what its readers call it, and the folder of dbt's artifacts where it is known."""

    label: str
    warehouse: Path
    target: Path | None = None


@dataclass(frozen=True)
class Report:
    """All that was found. Metrics and impact are unknown without the projects' manifests."""

    base: Side
    head: Side
    comparison: Comparison
    metrics: list[Metric] | None
    impact: Impact | None
    known: Known
    notes: list[str]

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return bool(self.tables or self.comparison.macros or self.moved)

    @cached_property
    def tables(self) -> list[TableDiff]:
        """Tables that differ, most rows first."""
        return sorted(self.comparison.different, key=lambda t: (-(t.added + t.removed + t.changed), t.table))

    @property
    def same(self) -> int:
        """How many tables were compared and are equal."""
        return sum(not table.differs and not table.problem for table in self.comparison.tables)

    @property
    def moved(self) -> list[Metric]:
        """Metrics whose values differ, those that moved most first."""
        moved = [metric for metric in self.metrics or () if metric.differs]
        return sorted(moved, key=lambda m: (-abs(m.share) if m.share is not None else float("-inf"), m.name))

    @property
    def metrics_not_compared(self) -> list[Metric]:
        """Metrics without a value on either side."""
        return [metric for metric in self.metrics or () if metric.problem]

    @property
    def summary(self) -> str:
        """The diff in a sentence."""
        if not self.differs:
            said = f"Nothing differs: {many(self.same, 'table')} compared"
        else:
            said = f"{many(len(self.tables), 'table')} of {self.same + len(self.tables)} compared differ"
        if unread := len(self.comparison.unreadable):
            said += f", {unread} could not be read"
        if self.metrics:
            said += f"; {len(self.moved)} of {many(len(self.metrics), 'metric')} moved"
        if self.impact is not None:
            owners = {c.exposure.owner for c in self.impact.concerned if c.different}
            users = sum(bool(c.different) for c in self.impact.concerned)
            said += f"; {many(users, 'exposure')} read{'s' if users == 1 else ''} what differs"
            said += f" ({', '.join(sorted(owners))})" if owners else ""
        return said + "."

    def schema_changes(self) -> Iterator[tuple[str, str]]:
        """Tables and columns that are declared differently, with how."""
        for table in sorted(self.tables, key=lambda table: table.table):
            if table.schema_change:
                yield table.table, table.schema_change
            if table.before and table.after:
                for column in table.columns:
                    if column.schema_change:
                        yield f"{table.table}.{column.name}", column.schema_change
        for macro in self.comparison.macros:
            yield f"{macro}()", "a macro of the warehouse is defined differently, or calls one that is"

    def changed_columns(self) -> Iterator[tuple[TableDiff, ColumnDiff]]:
        """Columns with other values, or that came or went, of tables whose rows were matched; most rows first."""
        for table in self.tables:
            columns = [c for c in table.columns if c.has_other_values or c.before is None or c.after is None]
            if table.key:
                yield from ((table, c) for c in sorted(columns, key=lambda c: -(c.changed or 0)))

    def unmatched_columns(self) -> Iterator[tuple[str, list[str]]]:
        """Tables whose rows could not be matched, with the columns whose values are not the same ones."""
        for table in self.tables:
            if not table.key and (names := [column.name for column in table.columns if column.has_other_values]):
                yield table.table, names

    def left_out(self) -> list[tuple[str, list[str]]]:
        """Why tables were not compared, with their names."""
        found: dict[str, list[str]] = {}
        unreadable = [(table.table, table.problem) for table in self.comparison.unreadable]
        for name, reason in [*unreadable, *sorted(self.comparison.not_compared.items())]:
            found.setdefault(reason, []).append(name)
        return list(found.items())

    def matched_by(self, table: TableDiff) -> str:
        """What rows of the two sides are matched by."""
        if table.key:
            return ", ".join(table.key)
        repeated = ", ".join(table.repeated_key)
        return f"whole rows, since {repeated} repeats" if repeated else "whole rows, for want of a key"


def many(count: int, thing: str) -> str:
    """A count and what is counted."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
