"""Vietnamese syllables as search compares them when they may have been misread."""

import re
from functools import cache, lru_cache

from pipeline.index.rules import search_rules
from pipeline.letters import bare, canon

_MIN_DELETION = 3  # shorter syllables would all become alike


def has_marks(syllable: str) -> bool:
    """Say whether the syllable was typed or written with any mark, or with đ."""
    return canon(syllable) != bare(syllable)


@lru_cache(maxsize=20_000)
def skeleton(syllable: str) -> str:
    """Return what is left of a syllable when letters that readers confuse count as one."""
    letters = bare(syllable).translate(_classes())
    return re.sub(r"(.)\1+", r"\1", letters)


@lru_cache(maxsize=20_000)
def deletions(syllable: str) -> frozenset[str]:
    """Return the skeleton with one letter left out, for each letter.

    Two skeletons that are one letter apart share a deletion, or one is a deletion of the other.
    """
    whole = skeleton(syllable)
    if len(whole) < _MIN_DELETION:
        return frozenset()
    return frozenset(whole[:at] + whole[at + 1 :] for at in range(len(whole))) - {whole}


@cache
def _classes() -> dict[int, str]:
    pairs = [(letter, letters[0]) for letters in search_rules().confusable for letter in letters]
    return str.maketrans(dict(pairs))
