"""The masks do what they say: tokens are what Python's hmac gives, bands and masked texts are as documented."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from warehouse import PROJECT, Warehouse

from scripts import tokens
from scripts.keys import Key
from scripts.proof import functions

SECRET = Key("token", 3, secrets.token_bytes(32))


@pytest.fixture(scope="module")
def masks(loaded: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the masks that a load created, under a key of the test's own."""
    twin = loaded.copy(tmp_path_factory.mktemp("masks"))
    with duckdb.connect(str(twin.path)) as con:
        tokens.register(con, SECRET)
        yield con


def value(con: duckdb.DuckDBPyConnection, sql: str, *arguments: object) -> Any:
    return con.execute(f"select {sql}", list(arguments)).fetchall()[0][0]


def python_token(purpose: str, text: str) -> str:
    return hmac.new(SECRET.secret, f"{purpose}\x1f{text}".encode(), hashlib.sha256).hexdigest()


@given(
    purpose=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
)
def test_a_token_is_an_hmac(masks: duckdb.DuckDBPyConnection, purpose: str, text: str) -> None:
    assert value(masks, "pii_token($1, $2)", purpose, text) == python_token(purpose, text)
    assert value(masks, "pii_key($1, $2)", purpose, text) == int(python_token(purpose, text)[:15], 16)


def test_a_token_of_a_number_is_that_of_its_text(masks: duckdb.DuckDBPyConnection) -> None:
    assert value(masks, "pii_token('customer', 42)") == python_token("customer", "42")
    assert value(masks, "pii_key('customer', 42::bigint)") == value(masks, "pii_key('customer', '42')")


def test_purposes_are_apart(masks: duckdb.DuckDBPyConnection) -> None:
    assert value(masks, "pii_token('a', 'bc')") != value(masks, "pii_token('ab', 'c')")
    assert value(masks, "pii_key('customer', 7)") != value(masks, "pii_key('account', 7)")


def test_null_gives_null_and_no_other_value_does(masks: duckdb.DuckDBPyConnection) -> None:
    assert value(masks, "pii_token('a', null)") is None
    assert value(masks, "pii_key('a', null)") is None
    rows = masks.execute("select count(pii_key('a', r)), count(distinct pii_key('a', r)) from range(10000) as t(r)")
    assert rows.fetchall() == [(10000, 10000)]
    mixed = "select count(pii_token('a', case when r % 3 > 0 then r end)) from range(9000) as t(r)"
    assert masks.execute(mixed).fetchall() == [(6000,)]


def test_the_version_of_the_key_is_known(masks: duckdb.DuckDBPyConnection) -> None:
    assert value(masks, "pii_key_version()") == 3
    assert masks.execute("select distinct token_key_version from analytics.dim_account").fetchall() == [(3,)]


def test_a_long_key_is_not_cut(masks: duckdb.DuckDBPyConnection) -> None:
    """Keys that share their first bytes give other tokens."""
    other = Key("token", 4, SECRET.secret[:-1] + bytes([SECRET.secret[-1] ^ 1]))
    with duckdb.connect() as con:
        tokens.register(con, other)
        assert value(con, "keyed_hash('a', 'b')") != python_token("a", "b")


@pytest.mark.parametrize("sql", ["keyed_hash('a', 'b')", "keyed_hash_version()"])
def test_without_a_key_it_fails_and_says_what_to_do(sql: str) -> None:
    with duckdb.connect() as con:
        tokens.register(con, None)
        with pytest.raises(duckdb.InvalidInputException, match=r"no key for tokens.*scripts\.keys token"):
            value(con, sql)


def test_without_a_key_nothing_with_tokens_is_shown(loaded: Warehouse) -> None:
    with duckdb.connect(str(loaded.path), read_only=True) as con:
        with pytest.raises(duckdb.Error):
            con.execute("select * from analytics.dim_customer").fetchall()
        tokens.register(con, None)
        with pytest.raises(duckdb.InvalidInputException, match="no key for tokens"):
            con.execute("select * from analytics.dim_customer").fetchall()


def test_the_key_is_not_to_be_seen_from_sql(masks: duckdb.DuckDBPyConnection) -> None:
    """Neither in a plan nor in settings, variables, functions, nor in the file."""
    seen = ""
    for sql in (
        "explain select * from analytics.dim_trade",
        "explain analyze select pii_token('a', customer_id) from core.dim_customer",
        "explain select pii_token('a', 'b'), pii_key_version()",
        "select * from duckdb_settings()",
        "select * from duckdb_variables()",
        "select * from duckdb_functions() where function_name like 'pii%' or function_name like 'keyed%'",
        "select * from duckdb_views() where schema_name = 'analytics'",
    ):
        seen += str(masks.execute(sql).fetchall())
    padded = SECRET.secret.ljust(64, b"\0")
    for secret in (SECRET.secret, *(bytes(b ^ n for b in padded) for n in (0x36, 0x5C))):
        assert secret.hex() not in seen.lower()
        assert repr(secret)[2:20] not in seen
        escaped = "".join(f"\\x{b:02X}" for b in secret[:4])
        assert escaped not in seen


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("pii_mask_email('anna.smith@mail.example.com')", "***@***.com"),
        ("pii_mask_email('no address')", "***"),
        ("pii_mask_email('a@b@c.org')", "***"),
        ("pii_mask_email('')", "***"),
        ("pii_mask_email(null)", None),
        ("pii_age_band(0)", "under 25"),
        ("pii_age_band(24.99)", "under 25"),
        ("pii_age_band(25)", "25 to 34"),
        ("pii_age_band(74.9)", "65 to 74"),
        ("pii_age_band(75)", "75 and over"),
        ("pii_age_band(120)", "75 and over"),
        ("pii_age_band(121)", None),
        ("pii_age_band(-1)", None),
        ("pii_age_band(null)", None),
        ("pii_zip3('94110')", "941"),
        ("pii_zip3(' k1a 0b1')", "K1A"),
        ("pii_zip3(' ')", None),
        ("pii_zip3(null)", None),
        ("pii_net_worth_band(-1)", "below 0"),
        ("pii_net_worth_band(0)", "0 to 99,999"),
        ("pii_net_worth_band(99999)", "0 to 99,999"),
        ("pii_net_worth_band(100000)", "100,000 to 999,999"),
        ("pii_net_worth_band(1000000)", "1,000,000 and over"),
        ("pii_net_worth_band(null)", None),
        ("pii_credit_band(599)", "under 600"),
        ("pii_credit_band(600)", "600 to 699"),
        ("pii_credit_band(700)", "700 and over"),
        ("pii_credit_band(null)", None),
        ("pii_nameplate('HighValue+Boomer+Inherited')", "HighValue+Boomer+Inherited"),
        ("pii_nameplate('Boomer')", "Boomer"),
        ("pii_nameplate('Boomer+')", "Other"),
        ("pii_nameplate('Anna Smith')", "Other"),
        ("pii_nameplate('')", "Other"),
        ("pii_nameplate(null)", "None"),
        ("pii_gender('f')", "F"),
        ("pii_gender('x')", "U"),
        ("pii_gender(null)", "U"),
    ],
)
def test_bands_and_masked_texts(masks: duckdb.DuckDBPyConnection, sql: str, expected: str | None) -> None:
    assert value(masks, sql) == expected


def test_the_proof_knows_all_masks_and_no_other(masks: duckdb.DuckDBPyConnection) -> None:
    """What the proof lets through is what is created and documented, with as many arguments."""
    rows = masks.execute(
        "select function_name, len(parameters) from duckdb_functions() where function_name like 'pii!_%' escape '!'"
    ).fetchall()
    created = {name: count for name, count in rows if name != "pii_key_version"}
    assert created == {name: mask.arguments for name, mask in functions.MASKS.items()}
    documented = Path(PROJECT / "macros/privacy/_privacy__macros.yml").read_text(encoding="utf-8")
    assert all(f"`{name}(" in documented for name in created)
