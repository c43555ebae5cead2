"""The letters of names as bits, so that all entries of many years are compared at once.

A name sets one bit for each pair of neighbouring letters, as written without marks and as the
skeleton has them; a syllable that lost or changed a letter still shares most of its bits. Measured
against full-text keys at the same recall: no index to build, and no query is slow because its
names are common.
"""

import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.index.documents import Document
from pipeline.index.rules import search_rules
from pipeline.index.syllables import certain_parts, is_open, skeleton, variants
from pipeline.index.wanted import Query, WantedName, Words
from pipeline.letters import bare, syllables

Bits = npt.NDArray[np.uint64]
Scores = npt.NDArray[np.float32]

WORDS = 3  # of 64 bits for the people an entry is about, and as many for the others in it
_BITS = 64 * WORDS
_WORD = 2**64 - 1
_LEAST = 0.34  # share of a syllable's bits that strangers have too
_POWER = 1.5
_GIVEN, _OTHER, _COMMON = 1.5, 1.0, 0.7  # weight of a given name, another part, a frequent one
OTHER_ROLE = 0.6  # of the weight, when a name is another's than the one asked for
_WHOLE = 600  # `resemblance` of a whole name


class Mask(NamedTuple):
    """The bits of a wanted syllable and its weight."""

    bits: int
    weight: float


def row(document: Document) -> list[int]:
    """Return the words of a document: those it is about, then the others, 2 * WORDS."""
    about: set[str] = set()
    others: set[str] = set()
    is_principal = search_rules().is_principal
    for name in document.names:
        (about if is_principal(name.role) else others).update(syllables(name.text))
    return [*_words(_all_bits(about)), *_words(_all_bits(others))]


def score(words: Bits, query: Query) -> Scores:
    """Return how well each document has the letters of the query's names; 0 is not at all.

    Args:
        words: shape (2 * WORDS, documents).
    """
    total = np.zeros(words.shape[1], np.float32)
    for name in query.names:
        total += _name_score(words, name)
    return total


def resemblance(words: Bits, query: Query) -> npt.NDArray[np.uint16]:
    """Return how many of the letters of all the names each document has, in a rough measure.

    Much quicker than `score`, which tells the syllables apart.

    Args:
        words: shape (2 * WORDS, documents).
    """
    no_roles = not any(name.role for name in query.names)
    total = np.zeros(words.shape[1], np.uint16)
    for name in query.names:
        bits = reduce(or_, map(_wanted_bits, name.said), 0)
        sides = (words[:WORDS], words[WORDS:])
        asked = sides if no_roles else sides[:1] if is_main(name) else sides[1:]
        counted = _counted(asked[0], bits)
        if len(asked) > 1:
            counted = np.maximum(counted, _counted(asked[1], bits))
        total += counted * np.uint16(_WHOLE / max(1, bits.bit_count()))
    return total


def most(query: Query) -> float:
    """Return the score of a document that has all the names."""
    return sum(mask.weight for name in query.names for mask in _masks(name.said))


def _name_score(words: Bits, name: WantedName) -> Scores:
    first, second = (
        (words[:WORDS], words[WORDS:]) if is_main(name) else (words[WORDS:], words[:WORDS])
    )
    masks = _masks(name.said)
    others = np.float32(OTHER_ROLE) * _masks_score(second, masks)
    return np.asarray(np.maximum(_masks_score(first, masks), others), np.float32)


def _masks_score(words: Bits, masks: Sequence[Mask]) -> Scores:
    total = np.zeros(words.shape[1], np.float32)
    for mask in masks:
        total += _mask_score(words, mask)
    return total


def _mask_score(words: Bits, mask: Mask) -> Scores:
    wanted = mask.bits.bit_count()
    shares = np.arange(wanted + 1, dtype=np.float32) / max(1, wanted)
    worth = mask.weight * np.maximum(0, (shares - _LEAST) / (1 - _LEAST)) ** _POWER
    return np.asarray(worth.astype(np.float32)[_counted(words, mask.bits)], np.float32)


def _counted(words: Bits, mask: int) -> npt.NDArray[np.uint8]:
    """Return how many bits of the mask each document has."""
    counted = np.zeros(words.shape[1], np.uint8)
    for word, bits in zip(words, _words(mask), strict=True):
        if bits:
            counted += np.bitwise_count(word & np.uint64(bits))
    return counted


def is_main(name: WantedName) -> bool:
    """Say whether a wanted name is looked for among those whom an entry is about."""
    return not name.role or search_rules().is_principal(name.role)


def _masks(said: Words) -> list[Mask]:
    return [
        Mask(bits, weight)
        for one, weight in zip(said, part_weights(said), strict=True)
        if (bits := _wanted_bits(one))
    ]


def part_weights(said: Words) -> list[float]:
    """Return what each part of a wanted name weighs."""
    common = search_rules().common_syllables
    weights = [_COMMON if bare(one) in common else _OTHER for one in said]
    if weights:
        weights[-1] = _GIVEN
    return weights


def _all_bits(said: Iterable[str]) -> int:
    bits = 0
    for syllable in said:
        bits |= _syllable_bits(syllable, True)  # noqa: FBT003 - hot
    return bits


@lru_cache(maxsize=50_000)
def _syllable_bits(syllable: str, written: bool) -> int:  # noqa: FBT001 - hot
    bits = _pair_bits(f"<{bare(syllable)}>") | _pair_bits(f"({skeleton(syllable)})")
    for other in variants(syllable) if written else ():
        bits |= _syllable_bits(other, False)  # noqa: FBT003
    return bits


@lru_cache(maxsize=1000)
def _wanted_bits(syllable: str) -> int:
    """Return the bits of a wanted syllable; of uncertain letters none."""
    if not is_open(syllable):
        return _syllable_bits(syllable, False)  # noqa: FBT003
    first, *_middle, last = parts = certain_parts(syllable)
    bits = 0
    for part in parts:
        bits |= _pair_bits(part)
    return bits | _pair_bits("<" + first[:1]) | _pair_bits(last[-1:] + ">")


def _pair_bits(letters: str) -> int:
    bits = 0
    for one, two in pairwise(letters):
        bits |= 1 << (zlib.crc32((one + two).encode()) % _BITS)
    return bits


def _words(bits: int) -> list[int]:
    return [(bits >> shift) & _WORD for shift in range(0, _BITS, 64)]
