"""Problems of a landing area, collected so that all of them are reported at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scripts.problem import Problem

SHOWN = 20


class LandingError(Problem):
    """A landing area that cannot be loaded. The message says what is wrong, where, and what to do."""


class Problems:
    """Problems grouped by advice, in the order in which they were found."""

    def __init__(self) -> None:
        self._by_advice: dict[str, list[str]] = {}

    def add(self, what: str, advice: str = "") -> None:
        """Note a problem, once."""
        known = self._by_advice.setdefault(advice, [])
        if what not in known:
            known.append(what)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Note a LandingError raised in the block, and carry on after it."""
        try:
            yield
        except LandingError as error:
            self.add(str(error))

    def raise_any(self) -> None:
        """Raise a LandingError with all problems, if there are any."""
        lines = []
        for advice, found in self._by_advice.items():
            lines += found[:SHOWN]
            if len(found) > SHOWN:
                lines.append(f"… and {len(found) - SHOWN} more.")
            if advice:
                lines.append(advice)
        if lines:
            # File names need not be valid text; the message must be.
            text = "\n".join(lines).encode("utf-8", errors="surrogateescape")
            raise LandingError(text.decode("utf-8", errors="replace"))
