"""How protected a column is, and where personal data in an expression came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum

KINDS = {
    "name",
    "contact",
    "government_id",
    "birth_date",
    "financial",
    "quasi_identifier",
    "identifier",
    "free_text",
    "health",
}


class Level(IntEnum):
    """Classes in the order of protection. `generalised` is never declared: it is what a band or masked text is."""

    public = 0
    internal = 1
    confidential = 2
    generalised = 3
    personal = 4
    sensitive = 5


DECLARABLE = {level.name: level for level in Level if level is not Level.generalised}


@dataclass(frozen=True, order=True)
class Ref:
    """A column of a table that a value depends on, with its class."""

    table: str
    column: str
    level: Level
    kind: str = ""

    def generalised(self) -> Ref:
        """The same column, after a mask has coarsened it."""
        return replace(self, level=min(self.level, Level.generalised))

    def looked_at(self) -> Ref:
        """The same column where a value depends on it without showing it: lineage, and nothing to protect."""
        return replace(self, level=Level.public, kind="")

    @property
    def name(self) -> str:
        """Table and column as one name."""
        return f"{self.table}.{self.column}"


def token(purpose: str) -> Ref:
    """What a token depends on that is not made of a column that has tokens of its purpose: set beside tokens that
    are, it reveals whose they are."""
    return Ref("token", purpose, Level.personal, "identifier")


def lower(name: str) -> str:
    """A name as DuckDB compares it: of letters beyond ASCII, each is its own."""
    return name.translate(_ASCII)


_ASCII = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

Refs = frozenset[Ref]
NONE: Refs = frozenset()


def union(parts: Iterable[Refs]) -> Refs:
    """All columns that any of several values depends on."""
    return NONE.union(*parts)


@dataclass
class Implicit:
    """Columns that decide which rows there are or what is chosen, without being shown themselves, by clause; and those
    that tokens are made of, by purpose."""

    uses: set[tuple[str, Ref]] = field(default_factory=set)
    tokens: set[tuple[str, str]] = field(default_factory=set)

    def add(self, clause: str, refs: Refs) -> None:
        """Note columns that a clause looks at."""
        self.uses.update((clause, ref) for ref in refs if ref.level >= Level.generalised)


class CannotFollow(Exception):
    """SQL that cannot be followed; the message says what and where it stands."""
