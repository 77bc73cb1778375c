"""Which columns a column is made of: as the proof of containment follows them through every model's SQL.

The proof follows all models but those that hooks or readers write. dbt-colibri 0.3.7, which draws lineage as well,
gives up on every column of a query with a union: it asks sqlglot for something that sqlglot 30 no longer has.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.proof.project import read
from scripts.proof.prove import prove
from scripts.site.artifacts import Json
from scripts.site.project import Project


@dataclass(frozen=True)
class Lineage:
    """Columns as `table.column`, with those they are made of and those that are made of them."""

    made_of: dict[str, list[str]]
    used_by: dict[str, list[str]]
    not_followed: list[str]

    def graph(self, project: Project) -> Json:
        """The same for the page's script, with numbers in place of names."""
        names = sorted({*self.made_of, *self.used_by})
        number = {name: place for place, name in enumerate(names)}
        tables = sorted({name.rpartition(".")[0] for name in names})
        layers = list(project.layers)
        return {
            "layers": layers,
            "tables": {name: [layers.index(project.tables[name].layer), project.tables[name].url] for name in tables},
            "columns": names,
            "madeOf": [[number[of] for of in self.made_of.get(name, ())] for name in names],
        }


def follow(manifest_file: Path, project: Project) -> Lineage:
    """Every column of every model that can be followed, from a compiled manifest."""
    found = prove([read(manifest_file)]).lineage
    known = {f"{table.name}.{column}" for table in project.tables.values() for column in table.columns}
    made_of: dict[str, list[str]] = {}
    used_by: dict[str, list[str]] = {}
    for model, columns in sorted(found.items()):
        for column, parents in columns.items():
            name = f"{model}.{column}"
            if name in known:
                made_of[name] = sorted(parents & known - {name})
                for parent in made_of[name]:
                    used_by.setdefault(parent, []).append(name)
    models = [t for t in project.tables.values() if t.layer not in ("sources", "reference")]
    return Lineage(made_of, used_by, sorted(t.name for t in models if t.name not in found))
