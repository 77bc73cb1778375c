"""Functions that are known: masks, and those whose value depends on their arguments alone."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.privacy.labels import NONE, TOKENISED, Refs


@dataclass(frozen=True)
class Mask:
    """A function that takes personal data and gives something that may be shown.

    A token of an identifier may be shown as it is; everything else that a mask gives is a generalised property, which
    may be shown only by way of a model that releases it.
    """

    arguments: int
    purpose: bool = False


MASKS = {
    "pii_token": Mask(2, purpose=True),
    "pii_key": Mask(2, purpose=True),
    "pii_mask_email": Mask(1),
    "pii_age_band": Mask(1),
    "pii_zip3": Mask(1),
    "pii_net_worth_band": Mask(1),
    "pii_credit_band": Mask(1),
    "pii_gender": Mask(1),
}


def masked(mask: Mask, refs: Refs) -> Refs:
    """What the result of a mask still depends on."""
    if mask.purpose:
        refs = frozenset(ref for ref in refs if ref.kind not in TOKENISED)
    return frozenset(ref.generalised() for ref in refs) if refs else NONE


# Functions of DuckDB that sqlglot does not know by type and that see nothing but their arguments.
PURE = {
    "pii_key_version", "to_json", "row", "list_value", "list_filter", "list_sort", "list_distinct", "struct_pack",
    "printf", "format", "isfinite", "isnan", "bit_count", "hash", "map_from_entries", "union_value",
    "list_aggregate", "regexp_full_match", "strip_accents", "jaccard", "levenshtein", "date_sub", "epoch_ms",
    "array_value", "json_object", "json_array", "md5_number", "first", "last", "bar", "alias", "encode", "decode",
}  # fmt: skip

# Typed in sqlglot, but they read settings, variables, files, sequences, the clock of another place or a model.
UNSAFE_TYPES = {
    "Columns", "ReadCSV", "ReadParquet", "GetVariable", "SessionParameter", "Parameter", "Placeholder", "Command",
    "CurrentSetting", "NextValueFor", "Predict", "GenerateTable", "Pivot", "Unnest", "Explode",
    "PositionalColumn", "JSONTable", "OpenJSON", "XMLTable", "CurrentUser", "SessionUser", "CurrentSchema",
    "CurrentDatabase", "CurrentCatalog",
}  # fmt: skip
