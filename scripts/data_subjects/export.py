"""Export everything about a person (GDPR Art. 15), as JSON and as a page that a person can read.

Which rows of which tables are the person's follows from the project's classification and from the columns that lead to
a person; a new table is found without being listed. A table with personal columns and no way to a person stops it.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from scripts import access_log
from scripts.data_subjects.ledger import PrivacyProblem, read_ledger
from scripts.data_subjects.persons import Person, Table, check, identify, read_manifest, refuse_unknown, rows_of, tables
from scripts.data_subjects.rendering import fill
from scripts.data_subjects.search import landed, mentions, needles
from scripts.project import landing_folder
from scripts.warehouse_file import open_warehouse

KINDS = {
    "name": "Name",
    "contact": "Contact",
    "government_id": "Government identifier",
    "birth_date": "Date of birth",
    "financial": "Financial",
    "quasi_identifier": "Describes the person",
}


def collect(con: duckdb.DuckDBPyConnection, found: list[Table], person: Person) -> list[dict[str, Any]]:
    """The person's rows of every table that has any, with what the project says about table and columns."""
    collected = []
    for table in found:
        mine = rows_of(table, person)
        if not mine:
            continue
        cursor = person.run(con, f"select distinct * from {table.relation} where {mine} order by all")
        names = [d[0] for d in cursor.description or []]
        rows = cursor.fetchall()
        if not rows:
            continue
        collected.append(
            {
                "schema": table.schema,
                "table": table.name,
                "description": table.description,
                "columns": [
                    {
                        "name": c.name,
                        "description": c.description,
                        "classification": c.classification,
                        "kind": c.kind,
                        "kind_in_words": KINDS.get(c.kind or "", c.kind),
                    }
                    for c in table.columns
                ],
                "rows": [dict(zip(names, row, strict=True)) for row in rows],
            }
        )
    plain: list[dict[str, Any]] = json.loads(json.dumps(collected, default=_plain))
    return plain


def _plain(value: Any) -> str:
    """What JSON has no form of, as a text."""
    return value.isoformat() if isinstance(value, date) else str(value)


def export(customers: list[str], prospects: list[str], employees: list[str], out: Path) -> tuple[Path, int, int]:
    """Write the export; returns its folder, and how many tables and rows it has.

    Raises PrivacyProblem where no one has the number. The warehouse is only read; then the access log notes what is
    about to be handed out, so that nothing is handed out that it doesn't name.
    """
    ledger = read_ledger()
    for customer in customers:
        if ledger.replacement("customer", customer):
            raise PrivacyProblem("This customer was erased: nothing in the warehouse leads to them any more.")
    manifest = read_manifest()
    asked = {"customer": customers, "prospect": prospects, "employee": employees}
    with open_warehouse() as con:
        found = tables(con, manifest)
        check(found)
        for kind, values in asked.items():
            refuse_unknown(con, found, kind, values)
        person = identify(con, found, customers, prospects, employees)
        collected = collect(con, found, person)
        sought = needles(con, found, person)
        elsewhere = mentions(con, found, person, sought)[0] + landed(landing_folder(), sought)
    rows = sum(len(t["rows"]) for t in collected)
    subjects = sorted({ledger.hash("export", f"{kind}:{v}")[:16] for kind, values in asked.items() for v in values})
    folder = out / ledger.hash("export", "|".join(subjects))[:16]
    detail = {"folder": folder.name, "subjects": subjects, "tables": len(collected), "rows": rows}
    with open_warehouse(read_only=False) as con:
        access_log.append(con, "export", detail)
    _write(folder, person, collected, rows, elsewhere)
    return folder, len(collected), rows


def _write(folder: Path, person: Person, collected: list[dict[str, Any]], rows: int, elsewhere: list[str]) -> None:
    content: dict[str, Any] = {
        "made_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "identifiers": {k: person.of(k) for k in person.ids if k not in ("match_key", "trade")},
        "tables": collected,
    }
    page = fill("export.html.j2", **content, row_count=rows)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in (
        ("subject.json", json.dumps(content, ensure_ascii=False, indent=1) + "\n"),
        ("subject.html", page),
        ("named-elsewhere.txt", "".join(f"{place}\n" for place in elsewhere)),
    ):
        path = folder / name
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
