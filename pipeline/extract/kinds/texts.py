"""Kinds whose value is the text as written: notes, places, names of organisations."""

import re

from pipeline.extract import reasons
from pipeline.extract.kinds.result import NOTHING, Clues, Read
from pipeline.letters import fold, nfc

_LEADERS = re.compile(r"\s*(?:\.{3,}|…+|_{2,}|·{2,})\s*")
_EDGES = " \t\r\n:;,.…·•_|~*"
_NIL = re.compile(r"[\W_xX0]*")
_UNKNOWN = re.compile(r"(khong|k|ko|chua|k/)\s*/?\s*(ro|xac dinh|biet|khai)\b|kxd\b|khuyet danh\b")


def tidy(text: str) -> str:
    """Return the text in NFC with single spaces, without dotted leaders and stray edges."""
    flat = _LEADERS.sub(" ", nfc(text))
    return " ".join(flat.split()).strip(_EDGES)


_LEADER_DOT = re.compile(r"(?<=\s)\.+(?=[^\W\d_])|(?<=[^\W\d_]{4})\.(?=\s?[^\W\d_])")


def without_leader_dots(text: str) -> str:
    """Return the text without single dots of a leader that stand in or before words."""
    return " ".join(_LEADER_DOT.sub(" ", text).split())


def is_nil(text: str) -> bool:
    """Tell whether only a stroke, a cross or nothing is written: the clerk had no answer."""
    return _NIL.fullmatch(text) is not None


def is_unknown(text: str) -> bool:
    """Tell whether the clerk wrote that it is not known."""
    return _UNKNOWN.match(fold(text).strip(" .(")) is not None


def read_text(raw: str, clues: Clues) -> Read:
    """Return a note as written."""
    text = tidy(raw)
    return NOTHING if is_nil(text) else Read(text)


def read_place(raw: str, clues: Clues) -> Read:
    """Return a place as written; what unit it is today is for `places/` to say."""
    text = tidy(raw)
    if is_nil(text):
        return NOTHING
    if is_unknown(text):
        return Read(text, (reasons.STATED_UNKNOWN,))
    text = without_leader_dots(text)
    letters = sum(letter.isalpha() for letter in text)
    if letters < 2 or letters < len(text) / 3:
        return Read(text, (), 0.6)
    return Read(text)
