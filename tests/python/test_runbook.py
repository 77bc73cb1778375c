"""Every message of the project has an entry in the runbook, and every message that the runbook quotes still exists."""

from __future__ import annotations

import csv
import re

from messages import Message, exceptions_of, in_python, in_template, messages
from warehouse import PROJECT

RUNBOOK = PROJECT / "docs" / "runbook.md"


def quotes(text: str) -> list[str]:
    """Code spans with which an entry begins, up to the first word that is none of them."""
    found = []
    for entry in re.findall(r"^- ((?:(?!^- |^\n|^#).*\n)+)", text, re.M):
        line = " ".join(entry.split())
        while match := re.match(r"(`+) ?(.+?) ?(?<!`)\1(?!`),? ?", line):
            found.append(match.group(2))
            line = line[match.end() :]
    return found


def is_quoted(message: str, quote: str) -> bool:
    """Whether a quote is the message, or its beginning, whatever it fills in."""
    pattern = ".*?".join(re.escape(part) for part in re.split("…", " ".join(quote.split())))
    return re.match(pattern, " ".join(message.split())) is not None


def missing(found: list[Message], quoted: list[str]) -> list[str]:
    return [
        f"{m.file}:{m.line}: {m.text!r} has no entry in docs/runbook.md. Quote its beginning there, with its cause."
        for m in found
        if not any(is_quoted(m.text, quote) for quote in quoted)
    ]


def test_every_message_has_an_entry() -> None:
    found = messages(PROJECT)
    assert len(found) > 150
    assert missing(found, quotes(RUNBOOK.read_text(encoding="utf-8"))) == []


def test_every_quoted_message_exists() -> None:
    said = [m.text for m in messages(PROJECT)]
    alerts = re.findall(r"'([^']+)' as message_text", (PROJECT / "models/operations/alerts.sql").read_text("utf-8"))
    gone = [q for q in quotes(RUNBOOK.read_text(encoding="utf-8")) if not any(is_quoted(t, q) for t in said + alerts)]
    assert gone == []
    assert [alert for alert in alerts if f"`{alert}`" not in RUNBOOK.read_text(encoding="utf-8")] == []


def test_every_reason_for_a_reject_has_a_place() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    with open(PROJECT / "seeds" / "reject_reasons.csv", encoding="utf-8", newline="") as stream:
        assert [row["reason_code"] for row in csv.DictReader(stream) if f"`{row['reason_code']}`" not in text] == []


def test_a_new_message_is_found() -> None:
    """In Python by any exception of the project's, in templates by what stops a run."""
    code = (
        "class Problem(Exception):\n    pass\n"
        "def f(name):\n    if name:\n        raise Problem(f'There is no {name}. ' 'Make one.')\n"
        "    self.problems.add('It is odd.', 'Look.')\n    sys.exit('It is over.')\n"
    )
    found = list(in_python(code, "scripts/new.py", exceptions_of([code])))
    said = [(5, "There is no …. Make one."), (6, "It is odd."), (7, "It is over.")]
    assert sorted((m.line, m.text) for m in found) == said
    template = "{% macro m(a) %}{{ exceptions.raise_compiler_error('No ' ~ a ~ ' here.') }}{% endmacro %}"
    assert [m.text for m in in_template(template, "macros/new.sql")] == ["No … here."]
    assert [m.split(" ")[0] for m in missing(found, ["It is o"])] == ["scripts/new.py:5:"]
