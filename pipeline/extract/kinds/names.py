"""Names of persons, and of whoever uses a parcel."""

import re

from pipeline.extract import reasons
from pipeline.extract.kinds.result import NOTHING, Clues, Read
from pipeline.extract.kinds.texts import is_nil, is_unknown, tidy
from pipeline.letters import fold

# Clerks' abbreviations that stand for one word only, by place in the name: Th. and V. are middle
# names, Ng. is a surname. Tr., Ph., L., Đg. may be several surnames: those stay as they are.
_SURNAME = re.compile(r"(ng|nguy)[.~:\-]+", re.IGNORECASE)
_MIDDLE = {"v": "Văn", "th": "Thị", "t/h": "Thị"}
_AMBIGUOUS = re.compile(r"\b(tr|trg|ph|phg|l|lg|dg|d|hg|h|b|n|c)[.~]", re.IGNORECASE)
_GLUED = re.compile(r"(?<=[.~])(?=[^\W\d_])")
_STRAY_DOT = re.compile(r"(?<=[^\W\d_]{3})\s*\.\s*(?=[^\W\d_])|(?<=\s)\.+(?=[^\W\d_])")
_H_APART = re.compile(r"(?<![^\W\d_])(H['’ʼ])\s+(?=[^\W\d_])")  # an Ê Đê or Gia Rai woman's H'
MIN_SYLLABLES, MAX_SYLLABLES = 2, 5


def read_person(raw: str, clues: Clues) -> Read:
    """Return a person's name, single-meaning abbreviations written out, H' at the name it marks."""
    text = tidy(raw)
    if is_nil(text):
        return NOTHING
    if is_unknown(text):
        return Read(text, (reasons.STATED_UNKNOWN,))
    # dots of a leader, read between words; no abbreviation has three letters
    name = _expand(_STRAY_DOT.sub(" ", text).strip())
    name = _H_APART.sub(r"\1", " ".join(name.split()))
    doubts = []
    trust = 1.0
    if _AMBIGUOUS.search(fold(name) + " "):
        doubts.append(reasons.ABBREVIATION)
        trust = 0.7
    syllables = re.findall(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)?", name)
    is_odd = not MIN_SYLLABLES <= len(syllables) <= MAX_SYLLABLES
    if is_odd or "," in name or any(map(str.isdigit, name)):
        doubts.append(reasons.NAME_SHAPE)
        trust *= 0.7
    return Read(name, tuple(doubts), trust)


def read_user(raw: str, clues: Clues) -> Read:
    """Return a land user: a person, a household, an office; as written."""
    text = tidy(raw)
    if is_nil(text):
        return NOTHING
    return Read(_expand(text), (), 1.0 if len(text) > 2 else 0.5)


def _expand(text: str) -> str:
    """Write out the abbreviations that can mean one thing only."""
    parts = _GLUED.sub(" ", text).split()
    if len(parts) < 2:
        return text
    is_short = _SURNAME.fullmatch(parts[0]) is not None
    if not is_short and not any(_abbreviated(part) for part in parts[1:-1]):
        return text
    middle = [_middle(part, beside=is_short) for part in parts[1:-1]]
    return " ".join(["Nguyễn" if is_short else parts[0], *middle, parts[-1]])


def _abbreviated(part: str) -> bool:
    return part.endswith((".", "~")) and part.rstrip(".~").lower() in _MIDDLE


def _middle(part: str, *, beside: bool) -> str:
    """Write out a middle name; beside a shortened surname the point may be missing."""
    short = part.rstrip(".~:")
    if part != short or beside or short in ("v", "t/h"):
        return _MIDDLE.get(short.lower(), part)
    return part
