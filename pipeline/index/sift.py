"""Sift what looks like the names of a query: syllable by syllable, before anything is ranked.

`patterns` finds thousands that share letters; ranking them all would cost more than finding them.
Here the syllables of some hundred are compared at once, without reasons and without reading the
documents; the few that are left are ranked (`rank.py`).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from pipeline.index.documents import Document
from pipeline.index.patterns import OTHER_ROLE, Scores, is_main, part_weights
from pipeline.index.rules import search_rules
from pipeline.index.wanted import Query, WantedName
from pipeline.letters import bare, syllables

_BETWEEN, _ROLES = "|", "\n"
_LEAST, _POWER = 0.4, 1.5  # of the likeness of syllables: what strangers have, and its worth
_UNASKED = 0.2  # for each syllable that was not asked for


def written(document: Document) -> str:
    """Return the names of a document as they are compared here, without marks.

    Those whom it is about come first, then a line break and the others.
    """
    about: list[str] = []
    others: list[str] = []
    for name in document.names:
        into = about if search_rules().is_principal(name.role) else others
        into.append(" ".join(map(bare, syllables(name.text))))
    return _ROLES.join(_BETWEEN.join(dict.fromkeys(names)) for names in (about, others))


def sift(told: Sequence[str], query: Query) -> Scores:
    """Return how well each document has the names of the query, in the measure of `patterns`.

    Args:
        told: what `written` made of each.
    """
    total = np.zeros(len(told), np.float32)
    if not told:
        return total
    about, others = zip(*(text.split(_ROLES) for text in told), strict=True)
    first = _side_scores(about, query.names)
    if len(query.names) == 1 and is_main(query.names[0]):
        return first[0]  # who has the name in another part is found by looks
    second = _side_scores(others, query.names)
    for name, in_about, in_others in zip(query.names, first, second, strict=True):
        asked, other = (in_about, in_others) if is_main(name) else (in_others, in_about)
        total += np.maximum(asked, OTHER_ROLE * other)
    return total


def _side_scores(texts: Sequence[str], wanted: Sequence[WantedName]) -> list[Scores]:
    """Return for each wanted name how well the best name of each document agrees with it.

    All syllables of all names stand in one row; names, and documents, are told by their starts.
    """
    names = _BETWEEN.join(texts).split(_BETWEEN)
    row = " ".join(names).split(" ")
    sizes = np.fromiter((name.count(" ") for name in names), np.int64, len(names)) + 1
    counts = np.fromiter((text.count(_BETWEEN) for text in texts), np.int64, len(texts)) + 1
    known = {syllable: at for at, syllable in enumerate(dict.fromkeys(row))}
    places = np.fromiter(map(known.__getitem__, row), np.int64, len(row))
    scores = []
    for name in wanted:
        likes = _likenesses(name, list(known))
        parts = np.array(part_weights(name.said), np.float32)[:, None]
        found = np.maximum.reduceat((likes * parts)[:, places], _starts(sizes), axis=1).sum(axis=0)
        strange = (1 - likes.max(axis=0))[places]  # a syllable that nobody asked for
        found -= _UNASKED * np.add.reduceat(strange, _starts(sizes))
        scores.append(np.maximum(np.maximum.reduceat(found, _starts(counts)), 0))
    return scores


def _starts(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.cumsum(sizes) - sizes


def _likenesses(name: WantedName, written: Sequence[str]) -> Scores:
    """Return how much of each syllable that is wanted each one that is written is, 0 to 1."""
    wanted = [bare(one) for one in name.said]
    likes = cdist(wanted, written, scorer=OSA.normalized_similarity, dtype=np.float32)
    return np.asarray(np.maximum(0, (likes - _LEAST) / (1 - _LEAST)) ** _POWER, np.float32)
