"""Kinds that come from a code list: sex, ethnic group, nationality, land uses."""

import re

from pipeline.extract import reasons
from pipeline.extract.codes import Code, Codes, bare, exact, near
from pipeline.extract.kinds.result import NOTHING, Clues, Read
from pipeline.extract.kinds.texts import is_nil, is_unknown, tidy
from pipeline.letters import nfc

_SEPARATORS = re.compile(r"\s*[+,;/&\n]\s*|\s+")
_CODE_EDGES = " .*:_()[]|'\""


def read_enum(raw: str, clues: Clues) -> Read:
    """Return the code that a text names; a misread letter is mended, with a doubt."""
    text = tidy(raw)
    codes = clues.codes
    if codes is None or is_nil(text):
        return NOTHING
    hits = exact(codes, text)
    if not hits and is_unknown(text):
        return Read("", (reasons.STATED_UNKNOWN,))
    if not hits:
        return _mended(codes, text)
    if len(hits) > 1:
        return Read("", (reasons.AMBIGUOUS,), 0.5, tuple(code.value for code in hits))
    return _of_era(hits[0], clues)


def _mended(codes: Codes, text: str) -> Read:
    found = near(codes, text)
    best = [code for code, distance in found if distance == found[0][1]]
    if len(best) == 1:
        trust = (0.95, 0.7, 0.5)[min(2, found[0][1])]
        others = tuple(code.value for code, _distance in found[1:])
        return Read(best[0].value, (reasons.MISREAD_CORRECTED,), trust, others)
    if best:
        return Read("", (reasons.AMBIGUOUS,), 0.4, tuple(code.value for code in best))
    if codes.is_open:
        return Read(text, (reasons.NOT_IN_LIST,), 0.4)
    return Read("", (reasons.NOT_IN_LIST,), 0.3)


def _of_era(code: Code, clues: Clues) -> Read:
    start, end = clues.years
    too_new = code.first is not None and 0 < end < code.first
    too_old = code.last is not None and start > code.last
    if too_new or too_old:
        return Read(code.value, (reasons.OUTSIDE_ERA,), 0.7)
    return Read(code.value)


def read_code_list(raw: str, clues: Clues) -> Read:
    """Return land codes in upper case, several joined: `odt + cln` → `ODT+CLN`.

    An asterisk (ONT*: the residential limit is not surveyed) stays in the raw text alone.
    """
    codes = clues.codes
    text = nfc(raw).strip(_CODE_EDGES)
    if codes is None or is_nil(text.replace("0", "O")):
        return NOTHING
    whole = _known(codes, text, clues)
    if whole is not None:
        return whole
    reads = [_one_code(codes, part, clues) for part in _parts(codes, text)]
    if not reads or not all(read.value for read in reads):
        others = reads[0].others if len(reads) == 1 else ()
        return Read("", _doubts(reads) or (reasons.NOT_IN_LIST,), 0.4, others)
    trust = min(read.trust for read in reads)
    return Read("+".join(read.value for read in reads), _doubts(reads), trust)


def _known(codes: Codes, text: str, clues: Clues) -> Read | None:
    hits = exact(codes, text)
    return _of_era(hits[0], clues) if len(hits) == 1 else None


def _parts(codes: Codes, text: str) -> list[str]:
    parts = [part.strip(_CODE_EDGES) for part in _SEPARATORS.split(text)]
    return [half for part in parts if part for half in _halves(codes, part)]


def _halves(codes: Codes, part: str) -> list[str]:
    """Split two codes that stand together without a sign between them: ODTCLN."""
    if len(part) == 6 and not exact(codes, part):
        halves = [part[:3], part[3:]]
        if all(exact(codes, half) for half in halves):
            return halves
    return [part]


def _one_code(codes: Codes, part: str, clues: Clues) -> Read:
    known = _known(codes, part, clues)
    if known is not None:
        return known
    looks = part.translate(str.maketrans("015", "OIS"))
    known = _known(codes, looks, clues) if looks != part else None
    if known is not None:
        return known._replace(doubts=(*known.doubts, reasons.MISREAD_CORRECTED), trust=0.8)
    if len(bare(part)) < 3:
        return Read("", (reasons.NOT_IN_LIST,), 0.3)
    return _mended(codes, part)


def _doubts(reads: list[Read]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(doubt for read in reads for doubt in read.doubts))
