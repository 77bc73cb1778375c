"""A small database of customers and trades, and what the proof of containment says of a model that reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb

from scripts.proof.labels import Level
from scripts.proof.project import Label, Node, Project
from scripts.proof.prove import Proof, prove

INTERNAL = Label(Level.internal)
CUSTOMER: dict[str, Label | None] = {
    "sk_customer_id": Label(Level.personal, "identifier"),
    "customer_id": Label(Level.personal, "identifier"),
    "tax_id": Label(Level.sensitive, "government_id"),
    "last_name": Label(Level.personal, "name"),
    "email1": Label(Level.personal, "contact"),
    "dob": Label(Level.sensitive, "birth_date"),
    "postal_code": Label(Level.personal, "quasi_identifier"),
    "gender": Label(Level.personal, "quasi_identifier"),
    "net_worth": Label(Level.sensitive, "financial"),
    "status": INTERNAL,
    "tier": Label(Level.confidential),
    "effective_date": INTERNAL,
    "is_current": INTERNAL,
}
TRADE: dict[str, Label | None] = {
    "trade_id": INTERNAL,
    "sk_customer_id": Label(Level.personal, "identifier"),
    "executed_by": Label(Level.personal, "name"),
    "quantity": Label(Level.confidential),
    "status": INTERNAL,
    "type": INTERNAL,
}
CODES: dict[str, Label | None] = {"c": INTERNAL, "core": INTERNAL, "kind": INTERNAL}
DATABASE = """
create schema core;
create table core.dim_customer as select
    7008::bigint as sk_customer_id, 7::bigint as customer_id, '123-45' as tax_id, 'Oddname' as last_name,
    'odd@name.org' as email1, date '1960-02-03' as dob, '94110' as postal_code, 'F' as gender,
    5000000::bigint as net_worth, 'Active' as status, 1 as tier, date '2015-01-01' as effective_date,
    true as is_current;
create table core.dim_trade as select
    1::bigint as trade_id, 7008::bigint as sk_customer_id, 'Pat Odd' as executed_by, 5 as quantity,
    'Completed' as status, 'Limit Buy' as type;
create table core.dim_codes as select
    {'tax_id': 'x', 'last_name': 'y'} as c, {'dim_customer': {'last_name': 'z'}} as core, 'k' as kind;
create macro keyed_hash(a, b) as md5(a || b);
create macro pii_token(purpose, personal) as keyed_hash(purpose, personal::varchar);
create macro pii_key(purpose, personal) as ('0x' || left(keyed_hash(purpose, personal::varchar), 15))::bigint;
create macro pii_key_version() as 1;
create macro pii_age_band(personal) as case when personal < 50 then 'under 50' else '50 and over' end;
create macro pii_zip3(personal) as left(personal, 3);
create macro pii_mask_email(personal) as '***';
create macro pii_tokn(purpose, personal) as personal;
create macro own_mask(personal) as personal;
"""

KEYS_ONLY: dict[str, Any] = {
    "tokens": [
        {"purpose": "c", "columns": ["dim_customer.sk_customer_id", "dim_trade.sk_customer_id"]},
        {"purpose": "tax", "columns": ["dim_customer.tax_id"]},
    ],
    "implicit_flows": [
        {
            "models": ["*"],
            "clauses": ["join", "group by", "partition by", "count"],
            "columns": ["kind:identifier"],
            "reason": "As in the project.",
        }
    ],
}


def types(table: str) -> dict[str, str]:
    """A table's columns with their types, as the database above has them."""
    with duckdb.connect() as con:
        con.execute(DATABASE)
        rows = con.execute("select column_name, data_type from duckdb_columns() where table_name = ?", [table])
        return dict(rows.fetchall())


TYPES = {table: types(table) for table in ("dim_customer", "dim_trade", "dim_codes")}


def core(name: str, columns: dict[str, Label | None]) -> Node:
    """A table of core, taken for what it declares."""
    path = f"models/core/{name}.sql"
    return Node(name, "seed", "core", path, "core", name, columns, types=TYPES.get(name, {}))


def project(*nodes: Node, macros: dict[str, str] | None = None) -> Project:
    """A project with customers, trades and some models."""
    source = replace(core("x.x", {"c_tax_id": Label(Level.sensitive, "government_id")}), resource="source")
    tables = {"dim_customer": CUSTOMER, "dim_trade": TRADE, "dim_codes": CODES}
    every = {n.name: n for n in (*(core(name, dict(columns)) for name, columns in tables.items()), *nodes)}
    every["source.x"] = source
    texts = macros or {}
    return Project(every, {}, texts, dict.fromkeys(texts, ()), [])


def judged(*nodes: Node, rules: dict[str, Any] | None = None, macros: dict[str, str] | None = None) -> Proof:
    """What the proof says of that project."""
    return prove([project(*nodes, macros=macros)], rules or {})


def model(sql: str, columns: dict[str, Label | None] | None = None, **changes: Any) -> Node:
    """A model of the analytics schema whose columns all claim to be harmless."""
    plain = Node("leak", "model", "analytics", "models/analytics/leak.sql", "analytics", "leak", columns or {}, sql=sql,
                 materialized="view")  # fmt: skip
    return replace(plain, **changes)


def claimed(sql: str) -> dict[str, Label | None]:
    """A query's columns as DuckDB gives them, each declared internal; what it cannot run has one called code."""
    with duckdb.connect() as con:
        con.execute(DATABASE)
        try:
            cursor = con.execute(sql)
        except duckdb.Error:
            return {"code": INTERNAL}
        return {str(column[0]).lower(): INTERNAL for column in cursor.description or []}
