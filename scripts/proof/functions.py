"""Functions that are known: masks, those that only count, compare, or see more than their arguments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mask:
    """A function that takes personal data and gives something that may be shown.

    A token may be shown as it is, where it is made of a column that has tokens of that purpose. Everything else that a
    mask gives is a generalised property, which may be shown only by way of a model that releases it. A mask leaves
    data of other kinds than its own as they are.
    """

    arguments: int
    kinds: frozenset[str]
    purpose: bool = False
    type: str = "varchar"


# What a token of these says is only that two rows are about the same; a token of a birth date would still be a
# property by which persons can be told apart.
_TOKENISED = frozenset({"identifier", "government_id"})
MASKS = {
    "pii_token": Mask(2, _TOKENISED, purpose=True),
    "pii_key": Mask(2, _TOKENISED, purpose=True, type="bigint"),
    "pii_mask_email": Mask(1, frozenset({"contact"})),
    "pii_age_band": Mask(1, frozenset({"birth_date", "quasi_identifier"})),
    "pii_zip3": Mask(1, frozenset({"quasi_identifier"})),
    "pii_net_worth_band": Mask(1, frozenset({"financial"})),
    "pii_credit_band": Mask(1, frozenset({"financial"})),
    "pii_nameplate": Mask(1, frozenset({"financial"})),
    "pii_gender": Mask(1, frozenset({"quasi_identifier"})),
}

# What these say of their arguments is how many there are, or whether they are so; it shows none of them.
COUNTS = {"count", "count_star", "count_if", "countif", "approx_count_distinct", "regr_count"}
COMPARISONS = {
    "~~", "!~~", "~~*", "!~~*", "~~~", "like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape",
    "regexp_matches", "regexp_full_match", "contains", "starts_with", "prefix", "suffix", "ends_with",
}  # fmt: skip
# Window functions that number rows.
NUMBERS = {
    "WINDOW_ROW_NUMBER", "WINDOW_RANK", "WINDOW_RANK_DENSE", "WINDOW_PERCENT_RANK", "WINDOW_CUME_DIST", "WINDOW_NTILE",
}  # fmt: skip

# DuckDB calls these consistent, and still they give what stands elsewhere, or read a query that no plan shows.
SEE_MORE = {"getvariable", "current_setting", "query", "query_table"}
# These are not consistent, and show nothing but the time, chance, or their arguments.
SEE_NO_MORE = {
    "current_date", "get_current_time", "get_current_timestamp", "now", "today", "transaction_timestamp", "error",
    "gen_random_uuid", "random", "stats", "uuid", "uuidv4", "uuidv7", "current_time", "current_timestamp", "localtime",
    "localtimestamp",
}  # fmt: skip
# Functions that are written without brackets, like a column.
WORDS = {
    "current_catalog", "current_database", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "localtime", "localtimestamp", "session_user", "user",
}  # fmt: skip
# Table functions that see nothing but their arguments.
SERIES = {"generate_series", "range", "repeat", "unnest", "json_each", "json_tree"}
