"""Exposures name every dashboard, the analysts' extracts and the notebook, with exactly the models that each reads."""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb
import pytest
from warehouse import PROJECT, Warehouse

from scripts.audiences import load_policy
from scripts.dashboards.pages import PAGES, Page

NOTEBOOK = PROJECT / "notebooks" / "first_look.ipynb"


@pytest.fixture(scope="module")
def manifest(loaded: Warehouse) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((loaded.session / "target" / "manifest.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, str]:
    """Models by the name of their table."""
    nodes = manifest["nodes"].values()
    return {f"{n['schema']}.{n['alias']}": n["unique_id"] for n in nodes if n["resource_type"] == "model"}


def exposed(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    """An exposure, by its name."""
    found = [e for e in manifest["exposures"].values() if e["name"] == name]
    assert found, f"models/marts/_marts__exposures.yml has no {name}"
    return dict(found[0])


def read(queries: list[str]) -> set[str]:
    """Tables that queries read, with their schemas."""
    # Names come with their aliases, and those of common table expressions without a schema.
    named = {name.split(" AS ")[0] for sql in queries for name in duckdb.get_table_names(sql, qualified=True)}
    return {name for name in named if "." in name}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_a_page_is_exposed_with_what_it_reads(manifest: dict[str, Any], models: dict[str, str], page: Page) -> None:
    exposure = exposed(manifest, f"dashboard_{page.slug}")
    names = [*(cube.name for cube in page.cubes), *(f"finding_{name}" for name in page.findings)]
    tables = read([page.query(name) for name in names])
    assert set(exposure["depends_on"]["nodes"]) == {models[table] for table in tables}
    assert (exposure["type"], exposure["label"]) == ("dashboard", page.title)
    assert exposure["url"].endswith(f"dashboards/{page.slug}.html")


def test_extracts_are_exposed_with_all_that_analysts_get(manifest: dict[str, Any], models: dict[str, str]) -> None:
    schemas = load_policy()["audiences"]["analyst"]["schemas"]
    given = {model for table, model in models.items() if table.partition(".")[0] in schemas}
    assert set(exposed(manifest, "analyst_extracts")["depends_on"]["nodes"]) == given


def test_the_notebook_is_exposed_with_what_it_reads(manifest: dict[str, Any], models: dict[str, str]) -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = "".join("".join(cell["source"]) + "\n" for cell in cells if cell["cell_type"] == "code")
    tables = read(re.findall(r'"""(.*?)"""', code, re.DOTALL))
    assert set(exposed(manifest, "first_look")["depends_on"]["nodes"]) == {models[table] for table in tables}


def test_every_exposure_says_whose_and_what_it_is(manifest: dict[str, Any]) -> None:
    pages = {f"dashboard_{page.slug}" for page in PAGES}
    assert {e["name"] for e in manifest["exposures"].values()} == pages | {"analyst_extracts", "first_look"}
    groups = {g["owner"]["email"] for g in manifest["groups"].values()}
    for exposure in manifest["exposures"].values():
        assert exposure["description"].strip()
        assert exposure["maturity"] in ("low", "medium", "high")
        assert exposure["owner"]["email"] in groups
        assert not re.match(r"\w+:|/", exposure["url"]), "a relative address holds wherever the site lies"
    for name in ("analyst_extracts", "first_look"):
        assert (PROJECT / exposed(manifest, name)["url"]).is_file()
