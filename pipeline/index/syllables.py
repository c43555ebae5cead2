"""Vietnamese syllables as search compares them: exactly, bare of marks, and as misread."""

import re
import unicodedata
from functools import cache, lru_cache

from pipeline.index.rules import search_rules
from pipeline.letters import fold, nfc

_TONES = {"\u0300": "1", "\u0301": "2", "\u0309": "3", "\u0303": "4", "\u0323": "5"}
# Letters of minority languages that have no Unicode decomposition, as đ has none.
_BARRED = str.maketrans({"ƀ": "b", "Ƀ": "b", "ʼ": "'"})
_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")  # some marks never compose: ơ̆
_FINAL_Y = re.compile(r"(?<=[bcdđghklmnpqrstvx])y$|(?<=^qu)y$")
_MIN_DELETION = 3  # shorter syllables would all become alike


@lru_cache(maxsize=20_000)
def syllables(text: str) -> tuple[str, ...]:
    """Return the syllables of a name, NFC and lower case: `Y-Bhiăng H'Đơk` → y, bhiăng, h, đơk."""
    return tuple(_WORD.findall(nfc(text.lower().translate(_BARRED))))


@lru_cache(maxsize=20_000)
def bare(syllable: str) -> str:
    """Return a syllable without marks, and with i for a final y: `quý` → qui, `Đức` → duc."""
    return _FINAL_Y.sub("i", fold(syllable.translate(_BARRED)))


def has_marks(syllable: str) -> bool:
    """Say whether the syllable was typed or written with any mark, or with đ."""
    return canon(syllable) != bare(syllable)


@lru_cache(maxsize=20_000)
def canon(syllable: str) -> str:
    """Return the one spelling of a syllable, its tone as a digit: `hoà`, `hòa` → hoa1."""
    tones, letters = [], []
    for letter in unicodedata.normalize("NFD", syllable.translate(_BARRED).lower()):
        if letter in _TONES:
            tones.append(_TONES[letter])
        else:
            letters.append(letter)
    return _FINAL_Y.sub("i", nfc("".join(letters))) + "".join(tones)


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
