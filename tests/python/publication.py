"""A warehouse published for several audiences, and what an attacker would try to find in it."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from warehouse import Warehouse

from scripts import audiences, gate
from scripts.audiences import Audience, find_audience
from scripts.encryption import attach, attach_warehouse
from scripts.keys import Key, ensure_key, read_key
from scripts.proof.project import Node
from scripts.publish import publish
from scripts.warehouse_file import connect_encrypted

# Tables such as analysts get; made here, so that these tests depend on no other part of the project.
STAND_IN = """
    create schema if not exists analytics;
    create schema if not exists marts;
    create table analytics.stand_in as
        select sha256('salt' || customer_id) as customer_token, tier, tax_id, is_current
        from core.dim_customer;
    create view marts.stand_in as
        select b.branch, count(*) as accounts from warehouse.core.dim_account a
        join warehouse.core.dim_broker b using (sk_broker_id) group by all;
"""
STAND_IN_COLUMNS = {
    "analytics.stand_in": {
        "customer_token": "confidential",
        "tier": "confidential",
        "tax_id": "sensitive",
        "is_current": "internal",
    },
    "marts.stand_in": {"branch": "internal", "accounts": "internal"},
}


@dataclass(frozen=True)
class Publication:
    """Published files, the warehouse they come from, and what dbt said about it."""

    room: Path
    warehouse: Path
    folder: Path
    manifest: dict[str, Any]
    branches: tuple[str, str]
    broker: str
    models: list[Node]

    def slug(self, who: str) -> str:
        """The name of an audience's files; `a` and `b` stand for two branches, `broker` for one broker."""
        return self.audience(who).slug

    def audience(self, who: str) -> Audience:
        """An audience by its short name."""
        names = {
            "a": ("branch", self.branches[0]),
            "b": ("branch", self.branches[1]),
            "broker": ("broker", self.broker),
        }
        name, value = names.get(who, (who, None))
        return find_audience(name, value)

    def key(self, who: str) -> Key:
        """An audience's key."""
        return read_key(self.audience(who).key_name)

    def file(self, who: str) -> Path:
        """An audience's DuckDB file."""
        return self.folder / self.slug(who) / f"{self.slug(who)}.duckdb"

    @contextmanager
    def open(self, who: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """What an audience gets, as it would open it."""
        with connect_encrypted(self.room / "spill") as con:
            attach(con, self.file(who), "published", self.key(who), read_only=True)
            con.execute("use published")
            yield con

    @contextmanager
    def source(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse itself, to know what must not be found."""
        with connect_encrypted(self.room / "spill") as con:
            attach_warehouse(con, self.warehouse, read_only=True)
            con.execute("use warehouse")
            yield con

    def copy(self, who: str, to: Path) -> Path:
        """A publication in a folder of a test's own, which may be tampered with."""
        shutil.copytree(self.folder / self.slug(who), to)
        for path in to.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        return to


def encrypt(plain: Path, encrypted: Path) -> None:
    """A warehouse as the target prod would have made it."""
    with connect_encrypted(encrypted.with_name("spill")) as con:
        con.execute(f"attach '{plain}' as plain (read_only)")
        attach(con, encrypted, "warehouse", ensure_key("warehouse"))
        ensure_key("token")
        con.execute("copy from database plain to warehouse")


def prepare(monkeypatch: pytest.MonkeyPatch, room: Path, keys: Path, landing: Path) -> None:
    """Settings of a publication of the test's own, with a policy that knows the stand-in tables."""
    policy = yaml.safe_load(audiences.POLICY.read_text(encoding="utf-8"))
    policy["described_here"].update(STAND_IN_COLUMNS)
    changed = room / audiences.POLICY.name
    changed.write_text(yaml.safe_dump(policy, sort_keys=False), encoding="utf-8")
    monkeypatch.setattr(audiences, "POLICY", changed)
    for name, value in {
        "WAREHOUSE_KEYS": keys,
        "WAREHOUSE_PATH": room / "warehouse.duckdb",
        "LANDING_DIR": landing,
        "PUBLISH_DIR": room / "published",
        "DBT_TARGET": "prod",
        "DBT_LOG_PATH": room / "logs",
        "DBT_LOG_LEVEL_FILE": "debug",
    }.items():
        monkeypatch.setenv(name, str(value))


def make(loaded: Warehouse, room: Path, keys: Path) -> Publication:
    """Publish a warehouse for all audiences, two branches and a broker."""
    room.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as monkeypatch:
        prepare(monkeypatch, room, keys, loaded.landing)
        warehouse = room / "warehouse.duckdb"
        encrypt(loaded.path, warehouse)
        with connect_encrypted(room / "spill") as con:
            attach_warehouse(con, warehouse)
            con.execute("use warehouse")
            con.execute(STAND_IN)
            ranked = con.execute(
                "select b.branch, min(b.broker_id) from core.dim_account a join core.dim_broker b using (sk_broker_id) "
                "group by all order by count(*) desc, 1 limit 2"
            ).fetchall()
        kept: dict[str, Any] = {}
        run_tests, proven_models = gate._run_tests, gate.proven_models

        def remember(folder: Path) -> tuple[dict[str, Any], int, int]:
            kept["ran"] = run_tests(folder)
            return kept["ran"]  # type: ignore[no-any-return]

        def remember_models(folder: Path) -> list[Node]:
            kept["models"] = proven_models(folder)
            return kept["models"]  # type: ignore[no-any-return]

        monkeypatch.setattr(gate, "_run_tests", remember)
        monkeypatch.setattr(gate, "proven_models", remember_models)
        branches = (str(ranked[0][0]), str(ranked[1][0]))
        chosen: list[tuple[str, str | None]] = [("analyst", None), ("steward", None), ("compliance", None)]
        chosen += [("branch", branches[0]), ("branch", branches[1]), ("broker", str(ranked[0][1]))]
        folder = Path(os.environ["PUBLISH_DIR"])
        publish([find_audience(name, value) for name, value in chosen], folder)
        return Publication(room, warehouse, folder, kept["ran"][0], branches, str(ranked[0][1]), kept["models"])


def take_as_passed(monkeypatch: pytest.MonkeyPatch, published: Publication) -> None:
    """Let the gate take dbt's word from when the same warehouse was published, and its rows as they are."""
    monkeypatch.setattr(gate, "_run_tests", lambda _: (published.manifest, 1, 0))
    monkeypatch.setattr(gate, "proven_models", lambda _: [])


def needles(folder: Path) -> list[bytes]:
    """Every key in each form it is used in."""
    secrets = [bytes.fromhex(path.read_text().strip()) for path in sorted(folder.glob("*.key"))]
    return [form for s in secrets for form in (s, s.hex().encode(), s.hex().upper().encode(), base64.b64encode(s))]


def files_with(needles: list[bytes], *folders: Path) -> list[Path]:
    """Files that hold one of the byte strings."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.name.endswith(".key"):
                content = path.read_bytes()
                if any(needle in content for needle in needles):
                    found.append(path)
    return found
