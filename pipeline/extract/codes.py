"""Code lists of fields: sexes, ethnic groups, land uses. They are data in `schemas/codes/`."""

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from pipeline.letters import fold, nfc

FEW = 3  # codes of a list in which every name is unlike the others
_NOT_LETTER = re.compile(r"[^\w]+|_")


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a code list.

    Attributes:
        value: what is stored.
        name: how it is shown.
        variants: other spellings on paper, abbreviations.
        first: first year in which the books use it, `last` the last one; None without bound.
    """

    value: str
    name: str
    variants: tuple[str, ...] = ()
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """A code list.

    Attributes:
        is_open: the list does not hold everything; what is not in it stays as written.
    """

    name: str
    codes: tuple[Code, ...]
    is_open: bool = False


def bare(text: str) -> str:
    """Return the folded letters and digits alone: `H'Mông` → `hmong`."""
    return _NOT_LETTER.sub("", fold(nfc(text)))


def plain(text: str) -> str:
    """Return the text in lower case, marks kept, without punctuation and spaces."""
    return _NOT_LETTER.sub("", nfc(text).lower())


@lru_cache(maxsize=64)
def _spellings(codes: Codes) -> tuple[tuple[str, str, Code, bool], ...]:
    return tuple(
        (plain(text), bare(text), code, text == code.name or text == code.value)
        for code in codes.codes
        for text in dict.fromkeys((code.value, code.name, *code.variants))
    )


def exact(codes: Codes, text: str) -> list[Code]:
    """Return the codes that are written so, marks included; a proper name beats a variant."""
    wanted = plain(text)
    hits = [(code, own) for marked, _bare, code, own in _spellings(codes) if marked == wanted]
    return _best(hits)


def near(codes: Codes, text: str) -> list[tuple[Code, int]]:
    """Return the codes nearest to a misread text with their distance in letters, best first.

    Distance 0 means that only marks differ. Short words allow no wrong letter unless the list
    is short too; long words allow two. A proper name comes before a variant as near.
    """
    wanted = bare(text)
    allowed = 0 if len(wanted) < 3 else 1 if len(wanted) < 7 else 2
    if len(codes.codes) <= FEW:
        allowed = max(1, len(wanted) // 3)
    found: dict[str, tuple[Code, int, bool]] = {}
    for _marked, letters, code, own in _spellings(codes):
        distance = Levenshtein.distance(wanted, letters, score_cutoff=allowed)
        before = found.get(code.value)
        if distance > allowed or len(letters) <= distance:
            continue
        if before is None or (distance, not own) < (before[1], not before[2]):
            found[code.value] = (code, distance, own)
    ranked = sorted(found.values(), key=lambda hit: (hit[1], not hit[2]))
    return [(code, distance) for code, distance, _own in _sure(ranked)]


def _sure(ranked: list[tuple[Code, int, bool]]) -> list[tuple[Code, int, bool]]:
    """Put variants a step behind the proper names that are as near."""
    if not ranked or not ranked[0][2]:
        return ranked
    return [(code, distance if own else distance + 1, own) for code, distance, own in ranked]


def _best(hits: list[tuple[Code, bool]]) -> list[Code]:
    own = [code for code, is_own in hits if is_own]
    return list(dict.fromkeys(own or [code for code, _own in hits]))
