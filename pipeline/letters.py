"""Vietnamese letters: NFC, and folding for comparison and search.

`đ` has no Unicode decomposition, so stripping combining marks (NFD) leaves it; it is folded here.
"""

import re
import unicodedata
from functools import lru_cache

_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "`": "'", "‘": "'"})
_NOT_WORD = re.compile(r"[^\w']+|_")


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
