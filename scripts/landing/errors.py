"""What is wrong with a landing area, gathered so that a person learns of all of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scripts.problem import Problem

SHOWN = 20


class LandingError(Problem):
    """A landing area that cannot be loaded. The message says what is wrong, where, and what to do."""


class Problems:
    """Problems by the advice that goes with them, in the order in which they were found."""

    def __init__(self) -> None:
        self._by_advice: dict[str, list[str]] = {}

    def add(self, what: str, advice: str = "") -> None:
        """Note a problem; one that is known already counts once."""
        known = self._by_advice.setdefault(advice, [])
        if what not in known:
            known.append(what)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Note the LandingError that ends a block, and go on after the block."""
        try:
            yield
        except LandingError as error:
            self.add(str(error))

    def raise_any(self) -> None:
        """Raise a LandingError that names all problems, if there are any."""
        lines = []
        for advice, found in self._by_advice.items():
            lines += found[:SHOWN]
            if len(found) > SHOWN:
                lines.append(f"… and {len(found) - SHOWN} more.")
            if advice:
                lines.append(advice)
        if lines:
            # A file's name may be no text at all, and the message has to be.
            text = "\n".join(lines).encode("utf-8", errors="surrogateescape")
            raise LandingError(text.decode("utf-8", errors="replace"))
