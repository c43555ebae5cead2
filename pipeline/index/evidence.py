"""What agreement and disagreement weigh: log-odds that were measured, as data.

`schemas/evidence.json` is made by `scripts/fit_evidence.py`: how often each kind of agreement is
seen between a query and the entry that is meant, and between the query and the other candidates
(Fellegi and Sunter's m and u); the weight is the logarithm of their ratio. How often strangers
agree depends on the name, so each syllable that agrees adds its rarity.
"""

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

from rapidfuzz.distance import OSA

from pipeline.index.syllables import fits, is_open, skeleton, spoken, variants
from pipeline.letters import bare, canon
from pipeline.settings import shipped

Likeness = Literal["same", "unmarked", "variant", "spoken", "misread", "letter", "alike", "other"]
_TWO_SLIPS = 1.5  # letters; below it there is one
_ALIKE = 0.5  # share of equal letters below which syllables are strangers


@cache
def weights() -> Mapping[str, Mapping[str, float]]:
    """Return by what is compared the weight of each way in which it agrees or not."""
    found: Mapping[str, Mapping[str, float]] = _told()["weights"]
    return found


def rarity(part: str, wanted: str) -> float:
    """Return what it adds that just this syllable agrees: a rare one says more than `Nguyễn`.

    Args:
        part: surname, middle or given.
        wanted: may have letters left open, which say nothing.
    """
    if is_open(wanted):
        return 0.0
    known: Mapping[str, float] = _told()["rarity"][part]
    return known.get(bare(wanted), known[""])


@cache
def _told() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(
        (shipped("schemas") / "evidence.json").read_text(encoding="utf-8")
    )
    return found


def likeness(wanted: str, written: str, is_marked: bool) -> Likeness:  # noqa: FBT001 - hot
    """Return in which way two syllables are alike; marks count when `is_marked`."""
    one, two = _forms(wanted), _forms(written)
    if one.bare == two.bare:
        return "unmarked" if is_marked and canon(wanted) != canon(written) else "same"
    if one.is_open:
        return "same" if fits(wanted, written) else "other"
    if two.bare in one.variants or one.bare in two.variants:
        return "variant"
    if one.spoken == two.spoken:
        return "spoken"
    if one.skeleton == two.skeleton:
        return "misread"
    like = OSA.normalized_similarity(one.bare, two.bare)  # swapped letters are one slip
    most = max(len(one.bare), len(two.bare))
    if len(one.bare) > 1 and (1 - like) * most < _TWO_SLIPS:
        return "letter"
    return "alike" if like >= _ALIKE else "other"


class _Forms(NamedTuple):
    """A syllable as it is compared."""

    bare: str
    is_open: bool
    variants: frozenset[str]
    spoken: str
    skeleton: str


@lru_cache(maxsize=5_000)
def _forms(syllable: str) -> _Forms:
    return _Forms(
        bare(syllable), is_open(syllable), variants(syllable), spoken(syllable), skeleton(syllable)
    )
