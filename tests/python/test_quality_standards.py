"""The program that checks the standards finds each kind of omission, and nothing in the project as it is."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from warehouse import Warehouse

from scripts.check_standards import problems

PROJECT = "brokerage_warehouse"
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(loaded: Warehouse) -> Manifest:
    """The project as dbt has read it."""
    path = loaded.session / "target/manifest.json"
    result: Manifest = json.loads(path.read_text(encoding="utf-8"))
    return result


def test_the_project_meets_its_standards(manifest: Manifest) -> None:
    assert problems(manifest) == []


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
    (put("dim_trade", " ", "description"), "model dim_trade: no description"),
    (put("dim_trade", "", "columns", "fee", "description"), "model dim_trade: column fee has no description"),
    (
        put("dim_trade", {"description": "The fee."}, "columns", "fee"),
        "model dim_trade: column fee has no classification",
    ),
    (put("dim_trade", False, "config", "contract", "enforced"), "model dim_trade: no enforced contract"),
    (put("dim_trade", None, "config", "group"), "model dim_trade: no owner"),
    (put("dim_trade", {}, "columns"), "model dim_trade: no columns are described"),
    (remove_tests("dim_trade", "unique"), "model dim_trade: no test of its key"),
    (put("dim_trade", [], "columns", "trade_id", "constraints"), "model dim_trade: no test of its key"),
    (remove_tests("fact_holdings", "unique_combination_of_columns"), "model fact_holdings: no test of its key"),
    (put("financial", {}, "config", "meta"), "model financial: no test of its key"),
    (remove_tests("dim_account", "broken_history"), "model dim_account: no test of its history"),
    (remove_tests("fact_watches", "integrity"), "model fact_watches: no test that its rows join"),
    (put("stg_hr__employee", {"nodes": []}, "depends_on"), "model stg_hr__employee: a staging model reads one source"),
    (put("sp_ratings", "", "description"), "seed sp_ratings: no description"),
    (
        refer("int_customer_events", "model.dim_broker"),
        "model int_customer_events: it reads dim_broker of core/dimensions",
    ),
    (refer("dim_trade", "model.rejected_rows"), "model dim_trade: it reads rejected_rows of operations/log"),
    (refer("dim_trade", "model.analytics_dim_trade"), "model dim_trade: it reads analytics_dim_trade of analytics"),
    (
        refer("analytics_dim_trade", "model.resolved_trades"),
        "model analytics_dim_trade: it reads resolved_trades of core/resolved",
    ),
    (
        refer("analytics_dim_trade", "model.stg_hr__employee"),
        "model analytics_dim_trade: it reads stg_hr__employee of staging/hr",
    ),
    (refer("dim_trade", "source.brokerage.trade"), "model dim_trade: it reads the source trade"),
    (put("dim_trade", "staging", "schema"), "model dim_trade: its schema is staging"),
    (put("dim_trade", [PROJECT, "odd", "dim_trade"], "fqn"), "model dim_trade: it lies in no layer"),
    (put("lots", False, "config", "contract", "enforced"), "model lots: no enforced contract"),
    (remove_tests("lots", "unique_combination_of_columns"), "model lots: no test of its key"),
    (remove_tests("client_360", "unique"), "model client_360: no test of its key"),
    (put("lots", "What was bought.", "description"), "model lots: its description does not begin with its grain"),
    (refer("lots", "model.resolved_trades"), "model lots: it reads resolved_trades of core/resolved"),
    (give_this_as_rows, f"unit test {UNIT_TEST}: give `this` as SQL"),
]


@pytest.mark.parametrize(("omit", "said"), OMISSIONS, ids=[said for _, said in OMISSIONS])
def test_each_omission_is_named(manifest: Manifest, omit: Callable[[Manifest], None], said: str) -> None:
    changed = copy.deepcopy(manifest)
    omit(changed)
    assert any(problem.startswith(said) for problem in problems(changed)), problems(changed)
