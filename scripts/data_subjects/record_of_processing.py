"""Write docs/privacy: the record of processing (GDPR Art. 30) and HIPAA Safe Harbor's identifiers, from the project.

Which tables hold which kinds of personal data follows from the columns' classification in dbt's manifest, how long they
are kept from the seed retention_rules. `--check` says whether the committed pages are what would be written.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from scripts.data_subjects.export import KINDS
from scripts.data_subjects.persons import Table, check, project_tables
from scripts.data_subjects.rendering import fill
from scripts.project import PROJECT

FOLDER = PROJECT / "docs" / "privacy"
PAGES = ("record-of-processing.md", "safe-harbor.md")


def render(manifest: dict[str, Any]) -> dict[str, str]:
    """The pages, by file name."""
    found = project_tables(manifest)
    check(found)
    sources = {n["source_name"] for n in manifest["sources"].values()}
    with open(PROJECT / "seeds" / "retention_rules.csv", encoding="utf-8", newline="") as stream:
        rules = list(csv.DictReader(stream))
    processing = yaml.safe_load((Path(__file__).with_name("processing.yml")).read_text(encoding="utf-8"))
    held = [t for t in found if any(c.is_personal for c in t.columns)]
    content = {
        "sources": [_row(t) for t in held if t.schema in sources],
        "tables": [_row(t) for t in held if t.schema not in sources],
        "kinds": {words: _columns(held, kind) for kind, words in KINDS.items()},
        "unnamed": [f"{t.full_name}.{c.name}" for t in held for c in t.columns if c.is_personal and not c.kind],
        "rules": rules,
        **processing,
        "identifiers": [{**i, "columns": _matching(held, i)} for i in processing["identifiers"]],
    }
    return {name: fill(f"{name}.j2", **content) for name in PAGES}


def _row(table: Table) -> dict[str, Any]:
    personal = [c for c in table.columns if c.is_personal]
    kinds = Counter(KINDS.get(c.kind or "", "Other") for c in personal)
    return {
        "name": table.full_name,
        "description": table.description.split(". ")[0].rstrip("."),
        "personal": len(personal),
        "sensitive": sum(c.classification == "sensitive" for c in personal),
        "kinds": ", ".join(f"{k.lower()} {n}" for k, n in sorted(kinds.items())),
        "leads": ", ".join(sorted({str(c.subject).removesuffix("_version") for c in table.columns if c.subject})),
    }


def _columns(held: list[Table], kind: str) -> list[str]:
    return sorted({c.name for t in held for c in t.columns if c.is_personal and c.kind == kind})


def _matching(held: list[Table], identifier: dict[str, Any]) -> list[str]:
    """Columns of core that an identifier of the list means, by subject or kind, and by parts of their names."""
    kinds, subjects, parts = (identifier.get(key) or [] for key in ("kinds", "subjects", "named"))
    meant = [
        c.name
        for t in held
        if t.schema == "core"
        for c in t.columns
        if c.subject in subjects or (c.is_personal and c.kind in kinds)
    ]
    return sorted({name for name in meant if not parts or any(part in name for part in parts)})
