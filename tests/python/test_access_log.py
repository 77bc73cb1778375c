"""The access log reveals tampering."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from scripts import access_log
from scripts.access_log import append, head, problems
from scripts.keys import new_key

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def con(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with three entries."""
    monkeypatch.setenv("WAREHOUSE_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("WAREHOUSE_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.delenv("DBT_ENV_SECRET_ACCESS_LOG_KEY", raising=False)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        append(connection, "publish", {"audience": "analyst", "note": "a|b"})
        append(connection, "rotate-key", {"key": "warehouse", "version": 2})
        append(connection, "export", {"subject": "ab12"})
        yield connection


def test_a_log_is_unbroken(con: duckdb.DuckDBPyConnection) -> None:
    assert problems(con) == []
    assert head(con)[0] == 3


@pytest.mark.parametrize(
    "change",
    [
        "update operations.access_log set detail = '{}' where entry = 2",
        "update operations.access_log set actor = 'nobody' where entry = 2",
        "update operations.access_log set happened_at = happened_at + interval 1 microsecond where entry = 3",
        "delete from operations.access_log where entry = 1",
        "delete from operations.access_log where entry = 2",
        "insert into operations.access_log select * replace (4 as entry) from operations.access_log where entry = 3",
        "update operations.access_log set entry = 5 - entry where entry in (2, 3)",
        "update operations.access_log set seal = repeat('0', 64) where entry = 3",
        "update operations.access_log set key_version = 9 where entry = 3",
        *(
            f"update operations.access_log set {column} = null where entry = 2"
            for column in ("entry", "happened_at", "detail", "key_version", "entry_hash", "seal")
        ),
    ],
)
def test_a_change_shows(con: duckdb.DuckDBPyConnection, change: str) -> None:
    con.execute(change)
    assert problems(con)


def test_a_chain_computed_anew_has_no_seal(con: duckdb.DuckDBPyConnection) -> None:
    """Who can write the warehouse but has no key can make the hashes fit, and not the seals."""
    con.execute(
        """
        update operations.access_log set detail = '{}', entry_hash = sha256(concat_ws(
            '|', entry, strftime(happened_at, '%Y-%m-%dT%H:%M:%S.%f'), action, actor, '{}', key_version, previous_hash
        )) where entry = 3
        """
    )
    assert problems(con) == ["Entry 3 was written without the key: its seal is wrong."]


def test_an_end_cut_off_shows_against_an_anchor(con: duckdb.DuckDBPyConnection) -> None:
    anchor = head(con)
    con.execute("delete from operations.access_log where entry = 3")
    assert problems(con) == []
    assert problems(con, [anchor]) == ["Entry 3 is missing: the log was truncated."]
    append(con, "export", {})
    assert problems(con, [anchor]) == ["Entry 3 differs from the one recorded before: the log was rewritten."]


def test_the_key_can_be_replaced(con: duckdb.DuckDBPyConnection) -> None:
    new_key("access-log")
    append(con, "publish", {})
    assert problems(con) == []


def test_an_action_is_a_plain_word(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ValueError, match="is not a word"):
        append(con, "publish|x", {})


def checked(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", access_log.__name__, *arguments]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout + ran.stderr


def manifest_of(folder: Path, con: duckdb.DuckDBPyConnection) -> Path:
    entry, entry_hash = head(con)
    folder.mkdir(parents=True)
    path = folder / "manifest.json"
    path.write_text(json.dumps({"access_log": {"entry": entry, "hash": entry_hash}}))
    return path


def test_the_program_holds_the_log_against_manifests(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Manifests of current publications by default, and those that were kept elsewhere."""
    monkeypatch.setenv("PUBLISH_DIR", str(tmp_path / "published"))
    kept = manifest_of(tmp_path / "kept", con)
    published = manifest_of(tmp_path / "published" / "analyst", con)
    con.execute("delete from operations.access_log where entry = 3")
    con.close()
    code, said = checked()
    assert code == 1 and "truncated" in said and "1 publications' manifests" in said
    published.write_text("{}")
    code, said = checked()
    assert code == 1 and f"{published} is not a publication's manifest" in said
    published.unlink()
    assert checked()[0] == 0
    code, said = checked("--manifest", str(kept))
    assert code == 1 and "truncated" in said
