"""What agreement and disagreement weigh: log-odds that were measured, as data.

`schemas/evidence.json` is made by `scripts/fit_evidence.py`: how often each kind of agreement is
seen between a query and the entry that is meant, and between the query and the other candidates
(Fellegi and Sunter's m and u); the weight is the logarithm of their ratio.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Literal

from rapidfuzz.distance import OSA

from pipeline.index.syllables import fits, is_open, skeleton, spoken, variants
from pipeline.letters import bare, canon
from pipeline.settings import shipped

Likeness = Literal["same", "unmarked", "variant", "spoken", "misread", "letter", "alike", "other"]
_ALIKE = 0.5  # share of equal letters below which syllables are strangers


@cache
def weights() -> Mapping[str, Mapping[str, float]]:
    """Return by what is compared the weight of each way in which it agrees or not."""
    told = json.loads((shipped("schemas") / "evidence.json").read_text(encoding="utf-8"))
    found: Mapping[str, Mapping[str, float]] = told["weights"]
    return found


def likeness(wanted: str, written: str, is_marked: bool) -> Likeness:  # noqa: FBT001 - hot
    """Return in which way two syllables are alike; marks count when `is_marked`."""
    if canon(wanted) == canon(written):
        return "same"
    one, two = bare(wanted), bare(written)
    if one == two:
        return "unmarked" if is_marked else "same"
    if is_open(wanted):
        return "same" if fits(wanted, written) else "other"
    if two in variants(wanted) or one in variants(written):
        return "variant"
    if spoken(wanted) == spoken(written):
        return "spoken"
    if skeleton(wanted) == skeleton(written):
        return "misread"
    if abs(len(one) - len(two)) <= 1 < len(one) and OSA.distance(one, two, score_cutoff=1) <= 1:
        return "letter"  # swapped letters are one slip
    return "alike" if OSA.normalized_similarity(one, two) >= _ALIKE else "other"
