"""Code lists of fields: sexes, ethnic groups, land uses. They are data in `schemas/codes/`."""

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from pipeline.letters import fold, nfc

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

    Distance 0 means that only marks differ. Short words allow no wrong letter, long ones two.
    """
    wanted = bare(text)
    allowed = 0 if len(wanted) < 3 else 1 if len(wanted) < 7 else 2
    found: dict[str, tuple[Code, int]] = {}
    for _marked, letters, code, _own in _spellings(codes):
        distance = Levenshtein.distance(wanted, letters, score_cutoff=allowed)
        if distance <= allowed and len(letters) > distance + 1:
            before = found.get(code.value)
            if before is None or distance < before[1]:
                found[code.value] = (code, distance)
    return sorted(found.values(), key=lambda hit: hit[1])


def _best(hits: list[tuple[Code, bool]]) -> list[Code]:
    own = [code for code, is_own in hits if is_own]
    return list(dict.fromkeys(own or [code for code, _own in hits]))
