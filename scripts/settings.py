"""Settings of a run: refuse unknown names and invalid values before any SQL runs.

dbt itself takes any name and any value after `--vars`: a slip would load what was not asked for, or end in an error of
SQL.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import yaml

from scripts.problem import Problem
from scripts.project import PROJECT

LARGEST = 2_147_483_647


class SettingProblem(Problem):
    """An invalid setting. The message names it and the valid values."""


def _whole(least: int) -> Callable[[str], bool]:
    return lambda text: re.fullmatch("[0-9]{1,10}", text) is not None and least <= int(text) <= LARGEST


def _is_share(text: str) -> bool:
    return re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", text, re.I) is not None and float(text) <= 1


def _is_day(text: str) -> bool:
    if text in ("", "today", "yesterday"):
        return True
    try:
        return re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


# What a setting must be, in words and as a test of its text.
RULES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "through_batch": ("the number of a batch, or 0 for all that are complete", _whole(0)),
    "max_rejected_share": ("a share from 0 to 1, such as 0.05 for 5 %", _is_share),
    "expected_through": ("a day such as 2026-01-31, today or yesterday", _is_day),
    "freshness_severity": ("error or warn", lambda text: text.lower() in ("error", "warn")),
    "k_anonymity": ("a whole number from 1", _whole(1)),
    "smallest_area": ("a whole number from 1", _whole(1)),
}


def check(variables: Mapping[str, Any]) -> None:
    """Refuse unknown variables, and values that are not accepted, from `--vars` and from the environment."""
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    from_environment = declared.pop("settings")
    if variables:
        known = [*from_environment, *declared, *_parameters()]
        for name in variables:
            if name not in known:
                raise SettingProblem(f"--vars: there is no variable {name}. {_suggestion(name, known)}")
    given = {f"--vars {name}": (name, value) for name, value in variables.items()}
    for name in from_environment:
        if name not in variables and (text := os.environ.get(name.upper())):
            given[name.upper()] = (name, text)
    for where, (name, value) in given.items():
        words, accepts = RULES.get(name, ("", lambda text: True))
        if not accepts("none" if value is None else str(value).strip()):
            raise SettingProblem(f"{where} is {value!r}, but must be {words}.")


def _parameters() -> set[str]:
    """Variables that analyses ask for."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((PROJECT / "analyses").rglob("*.sql"))]
    return {name for text in texts for name in re.findall(r"\bparameter\('(\w+)'", text)}


def _suggestion(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(str(name).lower(), known, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
