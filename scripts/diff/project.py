"""What dbt knows of a warehouse: keys, classifications, and who is downstream of a column or a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import networkx

from scripts.diff.relations import HISTORY_TABLES
from scripts.diff.rows import NOT_SELECTED, Comparison, Key
from scripts.problem import Problem
from scripts.proof.labels import DECLARABLE
from scripts.site.artifacts import read_json
from scripts.site.lineage import Lineage, follow
from scripts.site.project import Exposure, Project, Table, read

SHOWN = {"public", "internal"}
UNCLASSIFIED = "not classified"
UNKNOWN = "no manifest"


class DiffProblem(Problem):
    """Nothing can be compared. The message says why, and what to do."""


@dataclass(frozen=True)
class Built:
    """A project as dbt wrote it down when it built a warehouse."""

    folder: Path
    project: Project

    @cached_property
    def tables(self) -> dict[str, Table]:
        """What dbt makes, by relation. Sources lie elsewhere."""
        return {table.relation: table for table in self.project.tables.values() if table.layer != "sources"}

    @cached_property
    def lineage(self) -> Lineage:
        """Which columns are made of which."""
        return follow(self.folder / "manifest.json", self.project)

    @cached_property
    def _columns(self) -> networkx.DiGraph:
        return networkx.DiGraph(self.lineage.used_by)

    @cached_property
    def _made_from(self) -> networkx.DiGraph:
        return networkx.DiGraph({name: table.children for name, table in self.project.tables.items()})

    def classification(self, table: str, column: str) -> str:
        """A column's class."""
        known = self.tables.get(table)
        described = known.columns.get(column.lower()) if known else None
        said = described.classification if described else None
        return said if said in DECLARABLE else UNCLASSIFIED

    def downstream(self, table: str, column: str) -> Iterator[str]:
        """Columns that are made of a column, as `schema.table.column`."""
        start = f"{self.tables[table].name}.{column.lower()}" if table in self.tables else ""
        for name in sorted(networkx.descendants(self._columns, start)) if start in self._columns else ():
            model, _, made = name.rpartition(".")
            yield f"{self.project.tables[model].relation}.{made}"

    def after(self, tables: Iterable[str]) -> set[str]:
        """Names of the tables given, and of all that are made from them."""
        start = {self.tables[table].name for table in tables if table in self.tables}
        return start.union(*(networkx.descendants(self._made_from, name) for name in start))


def load(folder: Path) -> Built:
    """A project from the folder that dbt wrote its artifacts to."""
    file = folder / "manifest.json"
    if not file.is_file():
        raise DiffProblem(f"There is no {file}. Name the target folder of the dbt run that built the warehouse.")
    try:
        return Built(folder, read(read_json(file)))
    except (ValueError, KeyError) as error:
        raise DiffProblem(
            f"{file} is no manifest of dbt's that can be read ({type(error).__name__}). Have dbt write it anew: "
            "`dbt compile --full-refresh`."
        ) from None


@dataclass(frozen=True)
class Known:
    """What both sides' projects say, where they are known."""

    base: Built | None = None
    head: Built | None = None

    def keys(self, table: str) -> list[Key]:
        """Keys that either side says a table has, those of the head first, the shortest first."""
        found: dict[Key, None] = {}
        for built in (self.head, self.base):
            known = built.tables.get(table) if built else None
            found |= dict.fromkeys(sorted(known.keys, key=len) if known else ())
        return [key for key in found if key]

    def hides(self, table: str, column: str) -> str:
        """Why a column's values are not shown: its more protected class, or that it is unknown. Empty where they
        are."""
        if self.base is None or self.head is None:
            return UNKNOWN
        classes = [built.classification(table, column) for built in (self.base, self.head)]
        hidden = [name for name in classes if name not in SHOWN]
        return max(hidden, key=lambda name: DECLARABLE.get(name, -1), default="")

    def shows(self, table: str, column: str) -> bool:
        """Whether a column's values may be shown."""
        return not self.hides(table, column)


@dataclass(frozen=True)
class Reach:
    """A column that differs, and the columns that are made of it."""

    column: str
    change: str
    downstream: list[str]


@dataclass(frozen=True)
class Concerned:
    """A user of what is downstream: what they read that differs, and what of it was not compared."""

    exposure: Exposure
    different: list[str]
    not_compared: list[str]


@dataclass(frozen=True)
class Impact:
    """Whom the differences reach; `not_followed` are tables that may be reached without being named."""

    columns: list[Reach]
    concerned: list[Concerned]
    not_followed: list[str]


def impact(comparison: Comparison, known: Known) -> Impact | None:
    """Columns and people downstream of what differs. Unknown without the head's project."""
    if known.head is None:
        return None
    columns = []
    for table in comparison.different:
        for column in table.other_columns():
            # What is gone was followed by the base's code.
            built = known.base if column.after is None else known.head
            change = table.schema_change or column.schema_change or "other values"
            downstream = list(built.downstream(table.table, column.name)) if built else []
            columns.append(Reach(f"{table.table}.{column.name}", change, downstream))
    columns.sort(key=lambda reach: (-len(reach.downstream), reach.column))
    reached = known.head.after(reach.column.rpartition(".")[0] for reach in columns)
    not_followed = reached.intersection(known.head.lineage.not_followed) if columns else ()
    relations = {known.head.project.tables[name].relation for name in not_followed}
    return Impact(columns, list(_concerned(comparison, known)), sorted(relations - HISTORY_TABLES))


def _concerned(comparison: Comparison, known: Known) -> Iterator[Concerned]:
    different = {table.table for table in comparison.different}
    unknown = {table.table for table in comparison.unreadable} | {
        name for name, reason in comparison.not_compared.items() if reason == NOT_SELECTED
    }
    seen = set()
    for built in (known.head, known.base):
        if built is None:
            continue
        reached = built.after(different | unknown)
        for exposure in built.project.exposures:
            reads = [built.project.tables[name].relation for name in exposure.reads]
            if exposure.name not in seen and reached & set(exposure.reads):
                seen.add(exposure.name)
                yield Concerned(
                    exposure, [name for name in reads if name in different], [name for name in reads if name in unknown]
                )
