"""Keys are made once, kept from others' eyes, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.keys import KeyProblem, ensure_key, new_key, read_key, variable, versions


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of keys of the test's own."""
    monkeypatch.setenv("WAREHOUSE_KEYS", str(tmp_path / "keys"))
    monkeypatch.delenv(variable("token"), raising=False)
    return tmp_path / "keys"


def test_a_key_is_made_once() -> None:
    assert ensure_key("token") == ensure_key("token") == read_key("token")
    assert versions("token") == [1]


def test_a_new_version_leaves_the_old_one(keys: Path) -> None:
    first, second = new_key("token"), new_key("token")
    assert (first.version, second.version) == (1, 2)
    assert read_key("token") == second
    assert read_key("token", 1) == first
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}


def test_names_do_not_mix() -> None:
    """A key whose name another key's name begins with is another key."""
    new_key("audience-a.v2")
    assert versions("audience-a") == []


def test_a_missing_key_is_named() -> None:
    with pytest.raises(KeyProblem, match="no key token: neither in DBT_ENV_SECRET_TOKEN_KEY"):
        read_key("token")


def test_a_key_that_others_can_read_is_refused(keys: Path) -> None:
    new_key("token")
    (keys / "token.v1.key").chmod(0o644)
    with pytest.raises(KeyProblem, match="chmod 600"):
        read_key("token")


def test_the_environment_can_hold_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("token"), "3:" + "ab" * 32)
    assert (read_key("token").version, read_key("token").secret) == (3, b"\xab" * 32)


def test_a_damaged_key_is_refused_and_not_shown(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("token"), "ab12")
    with pytest.raises(KeyProblem) as raised:
        read_key("token")
    assert "ab12" not in str(raised.value)


def test_a_key_does_not_show_itself() -> None:
    key = new_key("token")
    assert key.hex not in f"{key!r} {key}"
