"""Prove that personal data stays where it is declared.

Compiles the project twice, as a first and as a later load, and follows every column through the SQL of every model.
Says what reaches a column that does not declare it, what cannot be followed, and which uses without showing no one has
accepted. `scripts/proof/exceptions.yml` holds what was accepted, and why.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click
import duckdb
from rich.console import Console

from scripts.encryption import EncryptionProblem
from scripts.keys import KeyProblem
from scripts.project import PROJECT, target_folder
from scripts.proof.project import Project, read
from scripts.proof.prove import Finding, Proof, prove
from scripts.warehouse_file import open_warehouse

HEADINGS = {
    "flow": "Personal data reaches a column that does not declare it",
    "declared": "Personal data is declared where analysts read",
    "unfollowed": "Cannot be followed, so it cannot be shown to be safe",
    "dynamic": "SQL that compiled code does not show",
    "hook": "Hooks that no one has accepted",
    "release": "Releases that no test guards",
    "implicit": "Uses of personal data that no one has accepted",
    "classification": "Columns without a true classification",
    "stale": "Exceptions without an object",
}


def compiled() -> list[Project]:
    """The project compiled as a first load and as a later one, without a warehouse."""
    from dbt.cli.main import dbtRunner

    os.chdir(PROJECT)
    folder = target_folder() / "lint"
    common = ["--quiet", "--target", "lint", "--target-path", str(folder), "--log-path", str(folder)]
    parsed = dbtRunner().invoke(["parse", *common])
    if not parsed.success:
        raise click.ClickException(f"The project cannot be parsed, so nothing can be proved: {parsed.exception}")
    found = []
    for later in ("", "yes"):
        os.environ["COMPILE_LATER_LOADS"] = later
        result = dbtRunner(manifest=parsed.result.deepcopy()).invoke(["compile", *common])
        if not result.success:
            raise click.ClickException(f"The project cannot be compiled, so nothing can be proved: {result.exception}")
        found.append(read(folder / "manifest.json"))
    first, later_load = ([node.sql for node in project.nodes.values()] for project in found)
    if first == later_load:
        raise click.ClickException(
            "First and later loads compile to the same SQL, so only one of them would be proved. "
            "Have macros/dbt_overrides/is_incremental.sql answer to COMPILE_LATER_LOADS."
        )
    return found


def undescribed(project: Project, warehouse: Path) -> list[Finding]:
    """Columns and tables of a warehouse without a description."""
    described = {(n.schema, n.table): set(n.columns) for n in project.nodes.values() if n.resource != "test"}
    with open_warehouse(path=warehouse) as con:
        rows = con.execute(
            """
            select columns.schema_name, columns.table_name, columns.column_name
            from duckdb_columns() as columns
            where not columns.internal and columns.database_name = current_database()
            order by all
            """
        ).fetchall()
    return [
        Finding("classification", f"{schema}.{table}.{column}", "in the warehouse, but not described")
        for schema, table, column in rows
        if column.lower() not in described.get((schema.lower(), table.lower()), set())
    ]


def report(console: Console, proof: Proof, verbose: bool) -> None:
    """What was found, by kind; with `verbose`, what was accepted too."""
    if verbose:
        console.rule("Accepted")
        for model, clause, ref, reason in sorted(proof.excepted_uses):
            console.print(f"{model}: {clause} by {ref.name}\n    {' '.join(reason.split())}", markup=False)
        for name, reason in sorted(proof.trusted):
            console.print(f"{name}: taken by what it declares\n    {' '.join(reason.split())}", markup=False)
    for kind, heading in HEADINGS.items():
        found = sorted({f for f in proof.findings if f.kind == kind})
        if found:
            console.rule(heading)
            for finding in found:
                console.print(f"{finding.where}: {finding.message}", markup=False)


@click.command(help=__doc__)
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check what was compiled already, such as target/manifest.json; of a first load first, then of later ones.",
)
@click.option(
    "--warehouse",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also look for columns of a warehouse that no model describes; skipped where there is none.",
)
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON.")
@click.option("--verbose", is_flag=True, help="Also print what was accepted, and why.")
def main(manifests: tuple[Path, ...], warehouse: Path | None, as_json: bool, verbose: bool) -> None:
    """Compile, follow, report; exit with 1 where something was found."""
    projects = [read(manifest) for manifest in manifests] or compiled()
    total = prove(projects)
    if warehouse and warehouse.exists():
        try:
            total.findings += undescribed(projects[0], warehouse)
        except (EncryptionProblem, KeyProblem) as error:
            raise click.ClickException(f"{error}\nOr check without --warehouse.") from None
        except duckdb.Error:
            # The message could quote data.
            raise click.ClickException(f"{warehouse} cannot be read. Check without --warehouse.") from None
    if as_json:
        click.echo(json.dumps([vars(finding) for finding in sorted(total.findings)], indent=2))
    else:
        report(Console(soft_wrap=True), total, verbose)
        click.echo(
            f"{total.columns_followed:,} columns followed, {len(total.findings)} findings, "
            f"{len(total.excepted_uses)} uses without showing and {len(total.trusted)} models accepted with a reason."
        )
    sys.exit(1 if total.findings else 0)


if __name__ == "__main__":
    main()
