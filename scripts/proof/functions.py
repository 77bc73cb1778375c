"""Functions that are known, as functions.yml lists them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml


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


_LISTED = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
MASKS = {name: Mask(**{**mask, "kinds": frozenset(mask["kinds"])}) for name, mask in _LISTED["masks"].items()}
COUNTS = frozenset(_LISTED["counts"])
COMPARISONS = frozenset(_LISTED["comparisons"])
NUMBERS = frozenset(_LISTED["numbers"])
SEE_MORE = frozenset(_LISTED["see_more"])
SEE_NO_MORE = frozenset(_LISTED["see_no_more"])
WORDS = frozenset(_LISTED["words"])
SERIES = frozenset(_LISTED["series"])
