"""From what is written in a slot to a field's value, with its confidence and its doubts."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from pipeline.extract import reasons
from pipeline.extract.confidence import Calibration, calibrated
from pipeline.extract.ditto import DITTO, is_ditto, may_be_ditto
from pipeline.extract.form import FormField
from pipeline.extract.hearing import AS_READ, NUMERIC, Hearing, heard_again, heard_as_number
from pipeline.extract.kinds.registry import KINDS
from pipeline.extract.kinds.result import Clues, Read
from pipeline.extract.later import as_meant
from pipeline.extract.pieces import (
    MAX_ALTERNATIVES,
    Piece,
    alternatives_of,
    confidence_of,
    is_struck,
    joined,
    script_of,
    text_of,
)
from pipeline.extract.slots import Slot
from pipeline.letters import fold, nfc
from pipeline.values import Alternative, FieldValue

UNSURE = 0.5  # below this a value is more likely wrong than right
SHAPED = 0.95  # confidence in a ditto mark told by its shape
WORN = 0.5  # trust in a part of an answer whose words are the form's but for their tone marks
AS_NUMBER = 0.7  # trust in a number that was first read as something else
OTHER_SENSE = 0.3  # share of a reading's confidence that each of its other senses gets
_WORDY = frozenset({"person_name", "person_or_org", "place_text", "text", "enum", "code_list"})


class Reading(NamedTuple):
    """A field with the reasons to doubt it."""

    field: FieldValue
    doubts: tuple[str, ...]


def read_slot(
    field: FormField,
    slot: Slot,
    above: FieldValue | None,
    page: int,
    clues: Clues,
    calibration: Calibration,
    hearing: Hearing = AS_READ,
    *,
    in_table: bool,
) -> Reading | None:
    """Return the field that stands in a slot; None where nothing is written.

    Args:
        field: what the form says of it.
        slot: its place.
        above: the same field of the entry before, for ditto marks.
        page: number of the scan.
        clues: of the book; the code list is the field's own.
        calibration: curves for the confidence.
        hearing: how what stands there is read again as this field's kind.
        in_table: ditto marks are possible.
    """
    if not slot.pieces:
        return None
    meant = as_meant(slot.pieces)
    slot = replace(slot, pieces=meant.pieces, doubts=(*slot.doubts, *meant.doubts))
    clues = clues._replace(codes=field.codes)
    raw = _part(field, joined(slot.pieces))
    if raw is None:
        return None
    confidence = confidence_of(slot.pieces)
    if slot.read is not None:
        marked = tuple(Alternative(value, OTHER_SENSE) for value in slot.read.others)
        return _made(field, slot, raw, slot.read, marked, 1.0, page, calibration)
    if in_table and is_ditto(raw):
        return _inherited(field, slot, raw, above, page, confidence)
    if in_table and all(piece.line.is_ditto for piece in slot.pieces):
        return _inherited(field, slot, DITTO, above, page, SHAPED)
    if len(slot.keys) == 1 and not field.take:
        slot = replace(slot, pieces=heard_again(field, slot.pieces, hearing))
        raw, confidence = nfc(joined(slot.pieces)), confidence_of(slot.pieces)
    read = KINDS[field.kind](raw, clues)
    number = _as_number(field, slot, clues, hearing) if in_table and not read.value else None
    if number is not None:
        raw, read, confidence = number
    if field.only and not re.search(field.take, joined(slot.pieces), re.IGNORECASE):
        read = read._replace(doubts=(*read.doubts, reasons.NOT_AS_FORM), trust=WORN * read.trust)
    if not raw:
        read = Read("", (reasons.UNREAD,), 0.0)
    others, same = _others(field, slot.pieces, read, clues, confidence)
    if in_table and above is not None and may_be_ditto(raw) and field.kind in _WORDY:
        read = read._replace(doubts=(*read.doubts, reasons.MAYBE_DITTO), trust=0.3)
        others = (Alternative(above.value, min(confidence, above.confidence)), *others)
    return _made(field, slot, raw, read, others, min(1.0, confidence + same), page, calibration)


def _as_number(
    field: FormField, slot: Slot, clues: Clues, hearing: Hearing
) -> tuple[str, Read, float] | None:
    """Return text, value and confidence of a cell as the number that its column asks for.

    None when the column asks for none, or the ink gives none.
    """
    if field.kind not in NUMERIC or len(slot.pieces) != 1:
        return None
    number = heard_as_number(slot.pieces[0], hearing)
    if number is None:
        return None
    text, sure = text_of(number), confidence_of([number])
    read = KINDS[field.kind](text, clues)
    if not read.value:
        return None
    doubts = tuple(dict.fromkeys((*read.doubts, reasons.MISREAD_CORRECTED)))
    return text, read._replace(doubts=doubts, trust=AS_NUMBER * read.trust), sure


def _part(field: FormField, raw: str) -> str | None:
    """Return the field's own part of an answer that it shares with another field."""
    if not field.take:
        return nfc(raw)
    place = _taken(field.take, nfc(raw))
    if place is not None:
        return nfc(raw)[slice(*place)].strip(" ,;:-–(")
    return None if field.only else nfc(raw)


def _taken(pattern: str, raw: str) -> tuple[int, int] | None:
    """Return where the pattern's first group stands; a misread tone mark does not hide it."""
    folded = fold(raw)
    hit = re.search(pattern, raw, re.IGNORECASE)
    if hit is None and len(folded) == len(raw):  # letter by letter
        hit = re.search(_without_marks(pattern), folded, re.IGNORECASE)
    return hit.span(1) if hit is not None else None


@lru_cache(maxsize=64)
def _without_marks(pattern: str) -> str:
    return "".join(letter if letter.isascii() else fold(letter) for letter in pattern)


def _others(
    field: FormField, pieces: Sequence[Piece], read: Read, clues: Clues, confidence: float
) -> tuple[tuple[Alternative, ...], float]:
    """Return other values, best first, and how much other readings add to the same value."""
    worth: dict[str, float] = {}
    for text, share in alternatives_of(pieces):
        part = _part(field, text)
        other = KINDS[field.kind](part, clues) if part else Read("")
        if other.value:
            worth[other.value] = worth.get(other.value, 0.0) + share * other.trust
    for value in read.others:
        worth[value] = worth.get(value, 0.0) + confidence * OTHER_SENSE
    same = worth.pop(read.value, 0.0) if read.value else 0.0
    ranked = sorted(worth.items(), key=lambda item: -item[1])[:MAX_ALTERNATIVES]
    return tuple(Alternative(value, min(1.0, share)) for value, share in ranked), same


def _made(
    field: FormField,
    slot: Slot,
    raw: str,
    read: Read,
    others: tuple[Alternative, ...],
    confidence: float,
    page: int,
    calibration: Calibration,
) -> Reading:
    script = script_of(slot.pieces)
    sure = confidence * read.trust * slot.trust
    doubts = [*read.doubts, *slot.doubts]
    if any(is_struck(piece) for piece in slot.pieces):
        doubts.append(reasons.STRUCK_OUT)
    if read.value and reasons.NOT_IN_LIST not in doubts:  # the curves are fitted on such
        sure = calibrated(calibration, field.kind, script, sure)
    if slot.is_assumed:
        doubts.append(reasons.HEADER_UNREAD)
    if sure < UNSURE and reasons.UNREAD not in doubts:
        doubts.append(reasons.LOW_CONFIDENCE)
    value = FieldValue(
        field.key, raw, read.value, sure, page, slot.polygon, slot.side, others, script
    )
    return Reading(value, tuple(dict.fromkeys(doubts)))


def _inherited(
    field: FormField,
    slot: Slot,
    raw: str,
    above: FieldValue | None,
    page: int,
    confidence: float,
) -> Reading:
    """Take raw text and value of the row above; a mark with nothing above stays as it is."""
    place = (page, slot.polygon, slot.side)
    script = script_of(slot.pieces)
    if above is None or not above.raw or is_ditto(above.raw):
        value = FieldValue(field.key, raw, "", 0.0, *place, (), script)
        return Reading(value, (reasons.DITTO_UNRESOLVED,))
    sure = min(1.0, confidence) * above.confidence
    value = FieldValue(field.key, above.raw, above.value, sure, *place, above.alternatives, script)
    return Reading(value, (reasons.DITTO,))
