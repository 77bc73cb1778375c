"""The governance program finds each kind of omission, names where it is, and finds nothing in the project as it is."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from warehouse import PROJECT as PROJECT_FOLDER
from warehouse import Warehouse

from scripts.governance import findings, own_rules

PROJECT = "brokerage_warehouse"
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(loaded: Warehouse) -> Manifest:
    """The project as dbt has read it."""
    path = loaded.session / "target/manifest.json"
    result: Manifest = json.loads(path.read_text(encoding="utf-8"))
    return result


def test_the_project_keeps_its_rules(loaded: Warehouse) -> None:
    assert findings(loaded.session / "target") == []


def node(name: str) -> Callable[[Manifest], Any]:
    return lambda m: next(n for n in m["nodes"].values() if n["name"] == name)


def remove_tests(model: str, *kinds: str) -> Callable[[Manifest], None]:
    """Take away the tests of a model that are of a generic kind, of a macro, or of a dimension."""

    def change(m: Manifest) -> None:
        for id_, n in list(m["nodes"].items()):
            if n["resource_type"] == "test" and f"model.{PROJECT}.{model}" in n["depends_on"]["nodes"]:
                about = {(n.get("test_metadata") or {}).get("name"), n["config"]["meta"]["dimension"]}
                about |= {macro.split(".")[-1] for macro in n["depends_on"]["macros"]}
                if about & set(kinds):
                    del m["nodes"][id_]

    return change


def put(name: str, value: object, *path: str) -> Callable[[Manifest], None]:
    def change(m: Manifest) -> None:
        place = node(name)(m)
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def refer(name: str, to: str) -> Callable[[Manifest], None]:
    def change(m: Manifest) -> None:
        node(name)(m)["depends_on"]["nodes"].append(f"{to.split('.')[0]}.{PROJECT}.{to.split('.', 1)[1]}")

    return change


def give_this_as_rows(m: Manifest) -> None:
    test = next(t for t in m["unit_tests"].values() if t["name"] == UNIT_TEST)
    next(given for given in test["given"] if given["input"] == "this")["format"] = "dict"


def hide_class(m: Manifest) -> None:
    column = m["sources"][f"source.{PROJECT}.hr.employee"]["columns"]["employee_id"]
    column["meta"], column["config"] = {}, {}


def disable(name: str) -> Callable[[Manifest], None]:
    def change(m: Manifest) -> None:
        test = node(name)(m)
        m["disabled"] = {test["unique_id"]: [m["nodes"].pop(test["unique_id"])]}

    return change


def leave_a_macro(m: Manifest) -> None:
    macro = copy.deepcopy(m["macros"][f"macro.{PROJECT}.is_new_batch"])
    m["macros"][f"macro.{PROJECT}.left"] = {**macro, "name": "_".join(("nobody", "calls", "this"))}


def rename(name: str, to: str) -> Callable[[Manifest], None]:
    def change(m: Manifest) -> None:
        node(name)(m)["name"] = to

    return change


def forget_owner(m: Manifest) -> None:
    m["exposures"][f"exposure.{PROJECT}.dashboard_overview"]["owner"]["email"] = None


UNIT_TEST = "dim_trade_load_touches_changed_trades"
KEY = "trades_are_known_once"
SINGULAR = "fact_cash_balances_add_up"
OMISSIONS: list[tuple[Callable[[Manifest], None], str]] = [
    (put(KEY, None, "config", "meta", "dimension"), f"test {KEY}: meta.dimension is None"),
    (put(KEY, "beauty", "config", "meta", "dimension"), f"test {KEY}: meta.dimension is 'beauty'"),
    (put(KEY, "so", "config", "meta", "reason"), f"test {KEY}: meta.reason does not say why"),
    (put(KEY, {}, "config", "meta"), f"test {KEY}: meta.reason does not say why"),
    (put(KEY, None, "config", "severity"), f"test {KEY}: severity is None"),
    (put(SINGULAR, "dim_time", "config", "meta", "model"), f"test {SINGULAR}: meta.model is 'dim_time'"),
    (put("dim_trade", {"description": "The fee."}, "columns", "fee"), "model dim_trade: column fee has no class"),
    (put("dim_trade", None, "config", "group"), "model dim_trade: no owner"),
    (put("dim_trade", {}, "columns"), "model dim_trade: no columns are described"),
    (remove_tests("dim_trade", "unique"), "model dim_trade: no test of its key"),
    (put("dim_trade", [], "columns", "trade_id", "constraints"), "model dim_trade: no test of its key"),
    (remove_tests("fact_holdings", "unique_combination_of_columns"), "model fact_holdings: no test of its key"),
    (put("financial", {}, "config", "meta"), "model financial: no test of its key"),
    (remove_tests("dim_account", "continuous_history"), "model dim_account: no test of its history"),
    (remove_tests("fact_watches", "integrity"), "model fact_watches: no test that its rows join"),
    (remove_tests("lots", "unique_combination_of_columns"), "model lots: no test of its key"),
    (remove_tests("client_360", "unique"), "model client_360: no test of its key"),
    (hide_class, "source hr.employee: column employee_id has no classification"),
    (give_this_as_rows, f"unit test {UNIT_TEST}: give `this` as SQL"),
    (disable(KEY), f"test {KEY}: it is disabled"),
    (leave_a_macro, "macro nobody_calls_this: nothing calls it"),
]


@pytest.mark.parametrize(("omit", "said"), OMISSIONS, ids=[said for _, said in OMISSIONS])
def test_each_omission_is_named(manifest: Manifest, omit: Callable[[Manifest], None], said: str) -> None:
    changed = copy.deepcopy(manifest)
    omit(changed)
    said_now = [message for _, _, message in own_rules(changed)]
    assert any(message.startswith(said) for message in said_now), said_now


# What dbt-bouncer finds: the rule, and the place that is named.
CORE, MARTS, STAGING = "models/core/_core__", "models/marts/clients/_clients__models.yml", "models/staging/hr/_hr__"
BROKEN: list[tuple[Callable[[Manifest], None], str, str]] = [
    (put("dim_trade", "", "description"), "check_model_description_populated", f"{CORE}trading__models.yml"),
    (put("dim_trade", "", "columns", "fee", "description"), "check_model_column_description", f"{CORE}trading"),
    (put("dim_time", False, "contract", "enforced"), "check_model_has_contracts_enforced", f"{CORE}ref"),
    (put("sp_ratings", "", "description"), "check_seed_description_populated", "seeds/_seeds.yml"),
    (put("lots", "What was bought.", "description"), "check_model_description_contains_regexp_pattern", MARTS),
    (put("dim_date", "staging", "schema"), "check_model_schema_name", f"{CORE}reference__models.yml"),
    (refer("int_customer_events", "model.dim_broker"), "check_lineage_permitted", "models/intermediate/"),
    (refer("dim_account", "model.rejected_rows"), "check_lineage_permitted", f"{CORE}clients__models.yml"),
    (refer("analytics_dim_trade", "model.resolved_trades"), "check_lineage_permitted", "models/analytics/"),
    (refer("stg_crm__customer_mgmt", "model.dim_broker"), "check_lineage_permitted", "models/staging/crm/"),
    (put("stg_hr__employee", [], "depends_on", "nodes"), "check_model_has_no_upstream", f"{STAGING}models.yml"),
    (refer("stg_crm__customer_mgmt", "seed.sp_ratings"), "check_lineage_seed", "models/staging/crm/_crm__"),
    (refer("stg_crm__customer_mgmt", "source.hr.employee"), "check_model_depends_on_multiple", "models/staging/crm/"),
    (refer("lots", "model.resolved_trades"), "check_lineage_permitted", MARTS),
    (refer("dim_security", "source.brokerage.trade"), "check_lineage_source", f"{CORE}market__models.yml"),
    (refer("client_360", "source.brokerage.trade"), "check_lineage_source", MARTS),
    (rename("stg_hr__employee", "employees"), "check_model_names", f"{STAGING}models.yml"),
    (forget_owner, "check_exposure_has_owner", "models/marts/_marts__exposures.yml"),
]


def test_each_broken_rule_is_named_with_file_and_line(manifest: Manifest, tmp_path: Path) -> None:
    changed = copy.deepcopy(manifest)
    for break_it, _, _ in BROKEN:
        break_it(changed)
    (tmp_path / "manifest.json").write_text(json.dumps(changed), encoding="utf-8")
    found = [str(finding) for finding in findings(tmp_path)]
    for _, rule, file in BROKEN:
        assert [f for f in found if re.match(rf"{re.escape(file)}[^:]*:[0-9]+: .*\({rule}", f)], (rule, file, found)


def test_a_finding_leads_to_the_line_of_its_column(manifest: Manifest, tmp_path: Path) -> None:
    changed = copy.deepcopy(manifest)
    put("dim_trade", {"description": "The fee."}, "columns", "fee")(changed)
    (tmp_path / "manifest.json").write_text(json.dumps(changed), encoding="utf-8")
    (finding,) = findings(tmp_path)
    lines = (PROJECT_FOLDER / finding.file).read_text(encoding="utf-8").splitlines()
    assert lines[finding.line - 1].strip() == "- name: fee"
    assert max(n for n, line in enumerate(lines[: finding.line]) if line == "  - name: dim_trade")


def test_a_release_has_one_version() -> None:
    """In Python's metadata, in dbt's, and as the newest entry of the changelog."""
    texts = [
        (PROJECT_FOLDER / name).read_text(encoding="utf-8")
        for name in ("pyproject.toml", "dbt_project.yml", "CHANGELOG.md")
    ]
    patterns = (r'^version = "(.+)"$', r'^version: "(.+)"$', r"^## (\S+) – \d{4}-\d\d-\d\d$")
    found = [re.findall(pattern, text, re.M)[0] for pattern, text in zip(patterns, texts, strict=True)]
    assert len(set(found)) == 1, found
