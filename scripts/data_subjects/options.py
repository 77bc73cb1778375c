"""Whom a request is about, as a person types it: checked before anything looks at it."""

from __future__ import annotations

import re
from typing import Any

import click


class Agency(click.ParamType[str]):
    """A prospect's number as the agency gives it: one line of text."""

    name = "text"
    pattern = r"[^\x00-\x1f]{1,200}"
    expected = "An agency's number is one line of text."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text without blanks around it; what can't be meant ends the command with exit code 2."""
        text = str(value).strip()
        if not re.fullmatch(self.pattern, text):
            self.fail(f"{text!r} can't be meant. {self.expected}", param, ctx)
        return text

    def split_envvar_value(self, rv: str) -> list[str]:
        """One identifier, blanks and all: a slip of the hand isn't taken for two persons."""
        return [rv]


class Number(Agency):
    """A number of a customer or an employee."""

    name = "number"
    pattern = "[0-9]{1,18}"
    expected = "A number has digits only, 18 at most."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The number in its one spelling: 7 for 007."""
        return str(int(super().convert(value, param, ctx)))


AGENCY, NUMBER = Agency(), Number()
