"""Names of persons, and of whoever uses a parcel."""

import re

from pipeline.extract import reasons
from pipeline.extract.kinds.result import NOTHING, Clues, Read
from pipeline.extract.kinds.texts import is_nil, is_unknown, tidy
from pipeline.letters import fold

# Clerks' abbreviations that stand for one word only, by place in the name: Th. and V. are middle
# names, Ng. is a surname. Tr., Ph., L., Đg. may be several surnames: those stay as they are.
_SURNAME = re.compile(r"(ng|nguy)[.~\-]+", re.IGNORECASE)
_MIDDLE = {"v": "Văn", "th": "Thị", "t/h": "Thị"}
_AMBIGUOUS = re.compile(r"\b(tr|trg|ph|phg|l|lg|dg|d|hg|h|b|n|c)[.~]", re.IGNORECASE)
_GLUED = re.compile(r"(?<=[.~])(?=[^\W\d_])")
MIN_SYLLABLES, MAX_SYLLABLES = 2, 5


def read_person(raw: str, clues: Clues) -> Read:
    """Return a person's name, single-meaning abbreviations written out."""
    text = tidy(raw)
    if is_nil(text):
        return NOTHING
    if is_unknown(text):
        return Read(text, (reasons.STATED_UNKNOWN,))
    name = _expand(text)
    doubts = []
    trust = 1.0
    if _AMBIGUOUS.search(fold(name) + " "):
        doubts.append(reasons.ABBREVIATION)
        trust = 0.7
    syllables = re.findall(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)?", name)
    if not MIN_SYLLABLES <= len(syllables) <= MAX_SYLLABLES or any(map(str.isdigit, name)):
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
    if _SURNAME.fullmatch(parts[0]):
        parts[0] = "Nguyễn"
    elif not any(_abbreviated(part) for part in parts[1:-1]):
        return text
    middle = [_middle(part) for part in parts[1:-1]]
    return " ".join([parts[0], *middle, parts[-1]])


def _abbreviated(part: str) -> bool:
    return part.endswith((".", "~")) and part.rstrip(".~").lower() in _MIDDLE


def _middle(part: str) -> str:
    bare = part.rstrip(".~")
    if part != bare or bare in ("v", "t/h"):
        return _MIDDLE.get(bare.lower(), part)
    return part
