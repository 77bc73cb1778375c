"""The site holds together: links lead somewhere, nothing is requested from elsewhere, and search finds things."""

from __future__ import annotations

import copy
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from warehouse import PROJECT, Warehouse

from scripts import dashboards
from scripts.pages import data_block, policy
from scripts.site.__main__ import MADE_HERE
from scripts.site.diagram import draw
from scripts.site.guides import read_guides
from scripts.site.pages import TEMPLATES, Site
from scripts.site.pictures import FOLDER, pictures
from scripts.site.project import Project, read
from scripts.site.relations import facts, references
from scripts.site.search import entries

# dbt's own page is one program: its links are made by scripts.
DBT_PAGE = "docs/index.html"


@dataclass
class Page:
    """What a page links to, requests and says."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    policy: str = ""
    styles: bool = False
    data: dict[str, Any] = field(default_factory=dict)


class Reader(HTMLParser):
    """Collects that."""

    def __init__(self) -> None:
        super().__init__()
        self.page, self.block = Page(), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if identifier := given.get("id"):
            self.page.ids.append(identifier)
        if tag == "a" and (link := given.get("href")):
            self.page.links.append(link)
        elif tag != "a":
            self.page.requests += [v for k, v in attrs if v and k in ("src", "href", "srcset", "data", "action")]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.page.policy = given["content"] or ""
        self.page.styles |= "style" in given
        self.block = (given.get("id") or "") if given.get("type") == "application/json" else ""

    def handle_data(self, data: str) -> None:
        if self.block:
            self.page.data[self.block] = json.loads(data)
            self.block = ""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=False, env=os.environ | environment
    )


@pytest.fixture(scope="module")
def environment(loaded: Warehouse) -> dict[str, str]:
    slot = loaded.session / "slot"
    slot.unlink(missing_ok=True)
    slot.symlink_to(loaded.folder)
    return {
        "LANDING_DIR": str(loaded.landing),
        "WAREHOUSE_PATH": str(slot / loaded.path.name),
        "DBT_TARGET_PATH": str(loaded.session / "target"),
        "DBT_LOG_PATH": str(loaded.folder / "logs"),
    }


@pytest.fixture(scope="module")
def site(loaded: Warehouse, environment: dict[str, str]) -> Path:
    folder = loaded.session / "a folder" / "site"
    ran = run("scripts.site", "--out", str(folder), **environment)
    assert ran.returncode == 0 and "Open index.html" in ran.stdout, ran.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    found = {}
    for file in sorted(site.rglob("*.html")):
        name = file.relative_to(site).as_posix()
        if name != DBT_PAGE:
            reader = Reader()
            reader.feed(file.read_text(encoding="utf-8"))
            found[name] = reader.page
    return found


@pytest.fixture(scope="module")
def manifest(site: Path, environment: dict[str, str]) -> dict[str, Any]:
    """The compiled project that the site was made from."""
    text = (Path(environment["DBT_TARGET_PATH"]) / "manifest.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture
def project(manifest: dict[str, Any]) -> Project:
    return read(manifest)


def test_every_link_and_anchor_leads_somewhere(site: Path, pages: dict[str, Page]) -> None:
    broken = []
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name
        for link in page.links:
            if re.match("(https?|mailto):", link):
                continue
            target, _, anchor = link.partition("#")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(target))) if target else name
            # What dbt's page and the lineage's script take from an anchor is no element.
            scripted = path in (DBT_PAGE, "lineage/index.html")
            is_there = (site / path).is_file() and not target.startswith("/")
            if not is_there or (anchor and not scripted and unquote(anchor) not in pages[path].ids):
                broken.append((name, link))
    assert broken == []


def test_nothing_is_requested(site: Path, pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert [r for r in page.requests if not r.startswith("data:")] == [], name
        assert page.policy.startswith("default-src 'none'"), name
        if not name.startswith("dashboards/"):
            assert "unsafe" not in page.policy, name
            assert not page.styles, f"{name}: an inline style would not get through the policy"
    head = (site / DBT_PAGE).read_text(encoding="utf-8")
    assert "default-src 'none'" in head[:1000]
    assert not re.search(r"""<(script|link|img|iframe)\b[^>]*\b(src|href)=["']?(https?:)?//""", head)


def test_no_path_of_this_machine_and_no_person_is_shown(site: Path, loaded: Warehouse) -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in site.rglob("*.html"))
    assert str(PROJECT) not in text and str(loaded.session) not in text
    persons = loaded.query("select email1, tax_id, address_line1 from core.dim_customer where email1 is not null")
    values = {value for row in persons for value in row if value}
    assert len(values) > 100 and values.isdisjoint(re.findall(r"[\w.@-]+", text))
    assert not [value for value in values if value in text]


def test_every_table_and_column_is_in_the_dictionary(pages: dict[str, Page], project: Project) -> None:
    for table in project.tables.values():
        ids = set(pages[f"dictionary/{table.layer}.html"].ids)
        assert {table.name, *(f"{table.name}.{column}" for column in table.columns)} <= ids


def test_search_finds_a_model_a_column_and_a_guide(pages: dict[str, Page]) -> None:
    index = pages["index.html"].data["index"]
    kinds = {kind for kind, *_ in index}
    assert {"model", "source", "seed", "column", "guide"} <= kinds
    assert all(link.split("#")[0] in pages for _, _, _, link in index)
    wanted = {
        "dim_trade": "dictionary/core.html#dim_trade",
        "dim_trade trade_price": "dictionary/core.html#dim_trade.trade_price",
        "how history works": "guides/how-history-works.html",
    }
    assert set(wanted.values()) <= {link for *_, link in index}
    node = shutil.which("node")
    if node is None:
        pytest.skip("without node, the script itself cannot be tried")
    code = (TEMPLATES / "search.js").read_text(encoding="utf-8")
    code += f"\nconst index = {json.dumps(index)};\nconst asked = {json.dumps(list(wanted))};"
    code += "\nconsole.log(JSON.stringify(asked.map((query) => find(index, query, 5)[0][3])));"
    code += "\nconsole.log(find(index, 'no such thing anywhere', 5).length, find(index, ' ', 5).length);"
    ran = subprocess.run([node], input=code, capture_output=True, text=True, check=True)
    first, second = ran.stdout.splitlines()
    assert json.loads(first) == list(wanted.values()) and second == "0 0"


def test_lineage_goes_back_to_the_landed_file(pages: dict[str, Page]) -> None:
    graph = pages["lineage/index.html"].data["graph"]
    columns = {name: number for number, name in enumerate(graph["columns"])}
    waiting, reached = [columns["analytics_dim_trade.commission"]], set()
    while waiting:
        column = waiting.pop()
        reached.add(graph["columns"][column])
        waiting += graph["madeOf"][column]
    assert {"dim_trade.commission", "stg_brokerage__trade.commission", "brokerage.trade.t_comm"} <= reached
    assert all(layer < len(graph["layers"]) for layer, _ in graph["tables"].values())


def test_facts_refer_to_their_dimensions(project: Project) -> None:
    found = {(r.table, r.column): r.to for r in references(project)}
    assert found["dim_trade", "sk_close_date_id"] == "dim_date"
    assert found["fact_market_history", "sk_fifty_two_week_low_date"] == "dim_date"
    assert found["fact_holdings", "sk_account_id"] == "dim_account"
    assert found["analytics_fact_holdings", "sk_account_id"] == "analytics_dim_account"
    drawn = facts(project, references(project))
    assert {"dim_trade", "fact_cash_balances", "fact_holdings", "fact_market_history", "fact_watches"} <= {
        table.name for table in drawn
    }
    svg = str(draw(project, drawn, references(project), "all", 3, lambda table: table.url))
    assert all(f'href="{table.url}"' in svg for table in drawn)


def test_the_committed_pictures_show_the_project_as_it_is(project: Project) -> None:
    """`make pictures` redraws them."""
    for name, svg in pictures(project).items():
        assert (FOLDER / name).read_text(encoding="utf-8") == svg, name


def test_what_other_parts_of_a_project_say_is_read(manifest: dict[str, Any], room: Path) -> None:
    """Declared keys, metrics, semantic models and exposures, whether or not the project has them yet."""
    changed = copy.deepcopy(manifest)
    id_ = "model.brokerage_warehouse.dim_trade"
    changed["nodes"][id_]["columns"]["type"]["constraints"] = [
        {"type": "foreign_key", "to": "ref('trade_type')", "to_columns": ["tt_name"]}
    ]
    changed["metrics"] = {
        "m": {
            "name": "margin",
            "label": None,
            "description": "Revenue by cost.",
            "type": "ratio",
            "type_params": {"numerator": {"name": "revenue"}, "denominator": {"name": "cost"}},
        }
    }
    changed["semantic_models"] = {
        "s": {
            "name": "trades",
            "description": "",
            "depends_on": {"nodes": [id_]},
            "entities": [{"name": "trade", "type": "primary", "expr": "trade_id", "description": None}],
            "dimensions": [],
            "measures": [{"name": "fees", "agg": "sum", "expr": "fee", "description": "Fees."}],
        }
    }
    changed["exposures"] = {
        "e": {
            "name": "desk",
            "label": "Desk",
            "type": "dashboard",
            "description": "",
            "owner": {"name": "Trading", "email": ["a@example.com", "b@example.com"]},
            "depends_on": {"nodes": [id_]},
        }
    }
    project = read(changed)
    assert ("type", "trade_type", "tt_name") in {
        (r.column, r.to, r.to_column) for r in references(project) if r.table == "dim_trade"
    }
    assert [(m.label, m.formula) for m in project.metrics] == [("margin", "revenue / cost")]
    assert project.semantic_models[0].table == "dim_trade" and project.semantic_models[0].parts["measures"]
    assert project.exposures[0].reads == ("dim_trade",) and "b@example.com" in project.exposures[0].email
    found = entries(project, [], [dashboards.Page("desk", "Desk", "Trades of the day")])
    assert found[0] == ("dashboard", "Desk", "Trades of the day", "dashboards/desk.html")
    assert {"metric", "semantic model", "exposure"} <= {kind for kind, *_ in found}
    pages = Site(room, project=project, has_dashboards=True, layer_words={})
    for name, words in (("metrics", "revenue / cost"), ("exposures", "Trading")):
        pages.write(f"dictionary/{name}.html", f"{name}.html", name)
        html = (room / "dictionary" / f"{name}.html").read_text(encoding="utf-8")
        assert words in html and 'href="../dictionary/core.html#dim_trade"' in html


def test_a_guide_links_to_what_the_site_has() -> None:
    (readme, *_) = read_guides(["staging"])
    assert 'href="how-history-works.html"' in readme.html
    assert 'href="../dictionary/staging.html"' in readme.html
    # What the site does not have is named, and leads nowhere.
    assert '<a title="LICENSE">' in readme.html


def test_texts_of_the_project_are_no_markup() -> None:
    assert "<" not in data_block(["</script><script>alert(1)</script>"])
    assert policy("a", []) == policy("a", []) != policy("b", [])
    assert "script-src" not in policy("a", []) and "script-src 'sha256-" in policy("a", ["b"])


def test_refusals_say_what_to_do(room: Path, environment: dict[str, str]) -> None:
    (room / "mine").mkdir()
    (room / "mine" / "letter.txt").write_text("Dear", encoding="utf-8")
    for where, arguments, said in (
        (environment, ["--out", str(room / "mine")], "holds something that is no site"),
        (environment | {"WAREHOUSE_PATH": str(room / "none.duckdb")}, ["--out", str(room / "site")], "make build"),
    ):
        ran = run("scripts.site", *arguments, **where)
        assert ran.returncode == 1 and said in ran.stderr and "Traceback" not in ran.stderr, ran.stderr
    assert (room / "mine" / "letter.txt").exists() and not (room / "site").exists()
    assert MADE_HERE in (TEMPLATES / "base.html").read_text(encoding="utf-8")
