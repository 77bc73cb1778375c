"""Random numbers without state: every draw is a hash of seed, purpose and identifiers.

Any piece of the landing area can so be computed again, in any order and on any thread, and comes
out the same. A draw costs about ten passes over an array of 64-bit integers.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MUL1 = np.uint64(0xBF58476D1CE4E5B9)
_MUL2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32, _S11 = (np.uint64(n) for n in (30, 27, 31, 32, 11))


def mix(x: U64) -> U64:
    """Scramble 64-bit words in place (the finalizer of the splitmix64 generator)."""
    x ^= x >> _S30
    x *= _MUL1
    x ^= x >> _S27
    x *= _MUL2
    x ^= x >> _S31
    return x


def count(mask: Bool) -> int:
    """How often a mask holds."""
    return int(np.count_nonzero(mask))


def ordinals(sizes: I64) -> I64:
    """Members of groups of these sizes, counted from 0 within each."""
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


class Dice:
    """Draws for one seed. `purpose` names what is drawn, so that draws are independent."""

    def __init__(self, seed: int, scope: str = "") -> None:
        self.seed = seed
        self.scope = scope
        self._keys: dict[str, np.uint64] = {}

    def sub(self, scope: str) -> Dice:
        """The same seed within a narrower scope."""
        return Dice(self.seed, f"{self.scope}/{scope}")

    def _key(self, purpose: str) -> np.uint64:
        key = self._keys.get(purpose)
        if key is None:
            text = f"{self.seed}{self.scope}:{purpose}".encode()
            key = np.uint64(int.from_bytes(blake2b(text, digest_size=8).digest(), "little"))
            self._keys[purpose] = key
        return key

    def bits(self, purpose: str, *ids: ArrayLike) -> U64:
        """64 random bits for each combination of identifiers (broadcast, non-negative)."""
        state: U64 | None = None
        for each in ids:
            word = np.atleast_1d(np.asarray(each)).astype(np.uint64)
            word *= _GAMMA
            if state is None:
                word += self._key(purpose)
                state = mix(word)
            elif state.shape == word.shape:
                state += word
                mix(state)
            else:
                state = mix(state + word)
        if state is None:
            raise ValueError("a draw needs at least one identifier")
        return state

    def unit(self, purpose: str, *ids: ArrayLike) -> F64:
        """Uniform in [0, 1)."""
        return (self.bits(purpose, *ids) >> _S11).astype(np.float64) * (1.0 / 9007199254740992.0)

    def below(self, limit: int, purpose: str, *ids: ArrayLike) -> I64:
        """Uniform integers in [0, limit), limit up to 2**31."""
        high = self.bits(purpose, *ids) >> _S32
        high *= np.uint64(limit)
        high >>= _S32
        return high.view(np.int64)

    def between(self, low: int, high: int, purpose: str, *ids: ArrayLike) -> I64:
        """Uniform integers in [low, high]."""
        drawn = self.below(high - low + 1, purpose, *ids)
        drawn += low
        return drawn

    def chance(self, probability: float, purpose: str, *ids: ArrayLike) -> Bool:
        """True with the given probability."""
        limit = np.uint64(min(int(probability * 2**64), 2**64 - 1))
        return np.asarray(self.bits(purpose, *ids) < limit)

    def number(self, purpose: str, which: int = 0) -> float:
        """One uniform number in [0, 1)."""
        return float(self.unit(purpose, which)[0])

    def word(self, words: pa.StringArray, purpose: str, *ids: ArrayLike) -> pa.StringArray:
        """Words of a vocabulary."""
        return words.take(self.below(len(words), purpose, *ids))

    def choose(self, weights: tuple[float, ...], purpose: str, *ids: ArrayLike) -> I64:
        """Index of a weighted alternative; weights sum to 1."""
        edges = np.cumsum(weights)[:-1]
        return np.searchsorted(edges, self.unit(purpose, *ids), side="right").astype(np.int64)
