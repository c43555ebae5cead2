"""Vietnamese letters: NFC, and folding for comparison and search; syllables likewise.

`đ` has no Unicode decomposition, so stripping combining marks (NFD) leaves it; it is folded here.
"""

import re
import unicodedata
from functools import lru_cache

_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "`": "'", "‘": "'"})
_NOT_WORD = re.compile(r"[^\w']+|_")
_TONES = {"\u0300": "1", "\u0301": "2", "\u0309": "3", "\u0303": "4", "\u0323": "5"}
# Letters of minority languages that have no Unicode decomposition, as đ has none.
_BARRED = str.maketrans({"ƀ": "b", "Ƀ": "b", "ʼ": "'"})
_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")  # some marks never compose: ơ̆
_FINAL_Y = re.compile(r"(?<=[bcdđghklmnpqrstvx])y$|(?<=^qu)y$")


def nfc(text: str) -> str:
    """Return the text in Unicode NFC, the only form that sohoa stores."""
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """Return the text without case, marks and the bar of đ: `Đặng Bưởi` → `dang buoi`."""
    marked = unicodedata.normalize("NFD", text.translate(_APOSTROPHES))
    bare = "".join(letter for letter in marked if not unicodedata.combining(letter))
    return bare.replace("đ", "d").replace("Đ", "D").lower()


def words(text: str) -> list[str]:
    """Return the folded words of a text, without punctuation: `Ng. V. Đức` → ng, v, duc."""
    return [word for word in _NOT_WORD.split(fold(text)) if word]


@lru_cache(maxsize=20_000)
def syllables(text: str) -> tuple[str, ...]:
    """Return the syllables of a name, NFC and lower case: `Y-Bhiăng H'Đơk` → y, bhiăng, h, đơk."""
    lower = nfc(text.lower())
    if lower.replace(" ", "").isalpha() and "ƀ" not in lower and "ʼ" not in lower:  # nearly all
        return tuple(lower.split())
    return tuple(_WORD.findall(nfc(lower.translate(_BARRED))))


@lru_cache(maxsize=20_000)
def syllable_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return where each of the `syllables` of a text in NFC begins and ends."""
    return tuple(found.span() for found in _WORD.finditer(text.lower().translate(_BARRED)))


@lru_cache(maxsize=20_000)
def bare(syllable: str) -> str:
    """Return a syllable without marks, and with i for a final y: `quý` → qui, `Đức` → duc."""
    return _FINAL_Y.sub("i", fold(syllable.translate(_BARRED)))


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
