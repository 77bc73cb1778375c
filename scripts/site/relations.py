"""Which table's column is a key of which other table: from relationship tests, contracts, and names of keys."""

from __future__ import annotations

from scripts.site.project import Project, Reference, Table

STAR_FOLDERS = ("dimensions", "facts")


def references(project: Project) -> list[Reference]:
    """All references, in order. Within a layer, a column named as the key of exactly one table refers to that one; so
    does a surrogate key named after it and a role, as `sk_close_date_id` after `sk_date_id`."""
    found: dict[tuple[str, str, str], Reference] = {}
    for table in project.tables.values():
        found |= {(said.table, said.column, said.to): said for said in table.foreign_keys if said.to in project.tables}
    for tables in (star_tables(project), project.layers.get("marts", [])):
        owners: dict[str, list[str]] = {}
        for table in tables:
            for column in {key[0] for key in table.keys if len(key) == 1}:
                owners.setdefault(column, []).append(table.name)
        keys = {column: names[0] for column, names in owners.items() if len(names) == 1}
        for table in tables:
            known = {reference.column for reference in found.values() if reference.table == table.name}
            for column in table.columns:
                key = _key(column, keys)
                if key and keys[key] != table.name and column not in known:
                    found[table.name, column, keys[key]] = Reference(table.name, column, keys[key], key, "name")
    return sorted(found.values(), key=lambda r: (r.table, list(project.tables[r.table].columns).index(r.column), r.to))


def star_tables(project: Project) -> list[Table]:
    """Dimensions and facts of the core."""
    return [table for table in project.layers.get("core", []) if table.folder in STAR_FOLDERS]


def facts(project: Project, found: list[Reference]) -> list[Table]:
    """Facts that refer to something, those that refer to most first."""
    count = {t.name: len({r.column for r in found if r.table == t.name}) for t in star_tables(project)}
    listed = [t for t in star_tables(project) if t.folder == "facts" and count[t.name]]
    return sorted(listed, key=lambda table: (-count[table.name], table.name))


def _key(column: str, keys: dict[str, str]) -> str:
    if column in keys or not column.startswith("sk_"):
        return column if column in keys else ""
    words = column.split("_")
    for key in keys:
        if key.startswith("sk_") and key.endswith("_id") and key.count("_") == 2 and key.split("_")[1] in words[1:]:
            return key
    return ""
