"""Names in the project's style: snake_case, unique, and not reserved by SQL or by a macro."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain, count

import duckdb

LONGEST = 63
# Words reserved by sqlfluff's parser, but not by DuckDB.
KEPT_BY_LINT = """
    commutator connect current_catalog current_date current_role current_schema current_time current_timestamp grant
    hashes localtime localtimestamp merges negator rightarg session_user user
"""
# Columns that macros/landing and macros/accounting add to a layout's.
KEPT_BY_MACROS = """
    batch_id byte_offset cdc_dsn cdc_flag earlier_file earlier_hash earlier_line failed fields file_name filename
    first_batch_id first_file first_line is_contradiction landed_file line line_number next_line other_line place
    raw_text reason_code row_hash times
"""


def snake_case(text: str) -> str:
    """A text as a name: letters without accents, words joined by underscores; empty if nothing is left."""
    text = text.replace("ß", "ss").replace("æ", "ae").replace("ø", "o")
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:LONGEST].rstrip("_")


def column_names(headers: Iterable[str]) -> list[str]:
    """A name for each header; empty and repeated ones get a number."""
    kept = {*KEPT_BY_LINT.split(), *KEPT_BY_MACROS.split(), *reserved_words()}
    names: list[str] = []
    for place, header in enumerate(headers, 1):
        name = snake_case(header) or f"column_{place}"
        if name[0].isdigit():
            name = f"column_{name}"
        if name in kept:
            name = f"{name}_value"
        numbered = (f"{name[: LONGEST - len(str(number)) - 1]}_{number}" for number in count(2))
        names.append(next(n for n in chain([name[:LONGEST]], numbered) if n not in names))
    return names


def reserved_words() -> set[str]:
    """Words that DuckDB does not accept as a name everywhere."""
    with duckdb.connect() as con:
        words = con.execute("select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'")
        return {word for (word,) in words.fetchall()}


def pascal_case(*names: str) -> str:
    """Names of a source and its table in Pascal case, such as BillingInvoices."""
    return "".join(word.capitalize() for name in names for word in name.split("_"))
