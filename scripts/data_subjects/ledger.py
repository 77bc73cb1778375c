"""The erasure ledger: who was erased and who may not be, without saying who.

A file of JSON lines, only ever appended to, beside the landing area (`LANDING_DIR` with `.erasures.jsonl` at its end)
or where `ERASURE_LEDGER` says. It holds no personal data: a person, an account or a prospect is an HMAC-SHA-256 under
the key `erasure`, and an erased one has a random replacement, which can't be computed from what it replaces. Each line
carries a hash of the one before, so that a changed or lost line is noticed.

Staging applies the ledger on every load, so it must outlive the warehouse, and the key must outlive it too: without the
key a load could not know whom to leave out, so it stops.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from scripts.keys import ensure_key, read_key
from scripts.problem import Problem
from scripts.project import PROJECT, landing_folder
from scripts.sql import read_query

KEY = "erasure"
NO_HASH = "0" * 64
# Replacements of numbers are drawn from here: beyond any real number, and below the largest that a surrogate key takes.
REPLACEMENTS = (80_000_000_000, 92_233_720_367)
_BLOCK = 64
_SCHEMA = pa.schema([("kind", pa.string()), ("hash", pa.string()), ("replacement", pa.string())])


class PrivacyProblem(Problem):
    """A request that can't be served. The message says why and what to do, without anyone's data."""


@dataclass
class Ledger:
    """What the file says; holds are lines of it, by the hash of the person who is held."""

    path: Path
    replacements: dict[tuple[str, str], str] = field(default_factory=dict)
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: int = 0
    head: str = NO_HASH
    key_version: int | None = None

    def hash(self, kind: str, value: object) -> str:
        """What the ledger calls a person, an account or a prospect."""
        key = read_key(KEY, self.key_version) if self.key_version else ensure_key(KEY)
        return hmac.new(key.secret, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()

    def replacement(self, kind: str, value: object) -> str | None:
        """What stands for an erased person, account or prospect; None where it isn't erased."""
        return self.replacements.get((kind, self.hash(kind, value)))

    def hold_on(self, value: object, today: date, kind: str = "customer") -> dict[str, Any] | None:
        """The hold in force on a person: `until` when, `by` whose order, and `why`."""
        hold = self.holds.get(self.hash(kind, value))
        return hold if hold and date.fromisoformat(hold["until"]) >= today else None

    def append(self, entry: dict[str, Any]) -> None:
        """Write one more line, and make sure that it is on disk."""
        version = self.key_version or ensure_key(KEY).version
        line: dict[str, Any] = {
            "entry": self.entries + 1,
            "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "key_version": version,
            **entry,
            "previous": self.head,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        data = (json.dumps(line, sort_keys=True) + "\n").encode()
        with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        self._take(line, data.rstrip(b"\n"))

    def erase(self, subjects: Iterable[tuple[str, object]], erasure: str) -> int:
        """Enter those that aren't entered yet, each with a new random replacement; returns how many."""
        known, lines = set(self.replacements), []
        taken = set(self.replacements.values())
        for kind, value in subjects:
            key = (kind, self.hash(kind, value))
            if key in known:
                continue
            while (drawn := _draw(kind)) in taken:
                pass
            known.add(key)
            taken.add(drawn)
            lines.append({"kind": kind, "hash": key[1], "replacement": drawn})
        if lines:
            self.append({"type": "erase", "erasure": erasure, "subjects": lines})
        return len(lines)

    def _take(self, line: dict[str, Any], raw: bytes) -> None:
        self.entries += 1
        self.head = hashlib.sha256(raw).hexdigest()
        self.key_version = int(line["key_version"])
        if line["type"] == "erase":
            for s in line["subjects"]:
                self.replacements[s["kind"], s["hash"]] = s["replacement"]
        elif line["type"] == "hold":
            self.holds[line["hash"]] = line
        elif line["type"] == "release":
            self.holds.pop(line["hash"], None)


def _draw(kind: str) -> str:
    if kind in ("customer", "account"):
        return str(REPLACEMENTS[0] + secrets.randbelow(REPLACEMENTS[1] - REPLACEMENTS[0]))
    return "E" + secrets.token_hex(10).upper()


def ledger_path() -> Path:
    """Where the ledger lies."""
    landing = landing_folder()
    return PROJECT / os.environ.get("ERASURE_LEDGER", str(landing.with_name(landing.name + ".erasures.jsonl")))


def read_ledger(path: Path | None = None) -> Ledger:
    """The ledger, empty where there is none. A line that doesn't follow the one before it raises PrivacyProblem.

    A last line without an end was being written when the system stopped, and nothing was done by it: it is cut off.
    """
    ledger = Ledger(path or ledger_path())
    if not ledger.path.exists():
        return ledger
    data = ledger.path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    for number, raw in enumerate(whole.splitlines(), start=1):
        try:
            line = json.loads(raw)
            sound = line["entry"] == number and line["previous"] == ledger.head
        except (ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            raise PrivacyProblem(
                f"{ledger.path}, line {number}: it was changed, or a line before it was lost. Put back the ledger from "
                "a copy: a load without it would bring back persons who were erased."
            )
        ledger._take(line, raw)
    if len(whole) < len(data):
        with open(ledger.path, "r+b") as stream:
            stream.truncate(len(whole))
    return ledger


def lost(entries_seen: int) -> str:
    """What to say where the access log knows of more lines than the ledger has; otherwise an empty text."""
    ledger = read_ledger()
    if ledger.entries >= entries_seen:
        return ""
    return (
        f"{ledger.path} has {ledger.entries} lines, and the access log says that it had {entries_seen}. Put back the "
        "ledger from a copy: a load without it would bring back persons who were erased."
    )


def register(cursor: Any, ledger: Ledger | None = None) -> None:
    """Let a connection see a ledger, the configured one unless given: the relation `erased_subjects`, and the macro
    `erasure_hash(kind, value)`.

    The key goes through session variables, so that it never stands in a statement. Where they are missing the macro
    fails, and never gives a NULL that would match no one.
    """
    ledger = ledger or read_ledger()
    rows = [{"kind": k, "hash": h, "replacement": r} for (k, h), r in ledger.replacements.items()]
    cursor.register("erased_subjects", pa.Table.from_pylist(rows, schema=_SCHEMA))
    if not rows:
        return
    key = read_key(KEY, ledger.key_version).secret.ljust(_BLOCK, b"\0")
    cursor.execute("set variable erasure_inner = ?", [bytes(b ^ 0x36 for b in key)])
    cursor.execute("set variable erasure_outer = ?", [bytes(b ^ 0x5C for b in key)])
    cursor.execute(read_query(__file__, "erasure_hash"))
