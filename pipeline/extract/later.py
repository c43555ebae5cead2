"""What came later: words struck out and corrected, notes in another ink, slips, cancelling."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from pipeline.extract import reasons
from pipeline.extract.pieces import Piece, whole
from pipeline.extract.slots import Entry
from pipeline.letters import nfc
from pipeline.values import Doubt, Line, PageReading, Polygon, Record, Side

WIDER, ASIDE = 1.8, 0.35  # of a struck word's width: a correction's, and how far off its middle is
WIDE, THROUGH = 0.4, 0.6  # of an entry: width that a cancelling stroke has, height it goes through
VOID = frozenset({"hủy", "huỷ", "hủy bỏ", "huỷ bỏ", "đã hủy", "đã huỷ", "bỏ"})
LOWER = 0.25  # of the line's height: how far a correction's middle stands above the line's
HIDDEN = 0.5  # trust in what is read in a place of which a slip hides a part


class Meant(NamedTuple):
    """What stands in a slot in the end, and why a person must look at it."""

    pieces: tuple[Piece, ...]
    doubts: tuple[str, ...] = ()


def as_meant(pieces: Sequence[Piece]) -> Meant:
    """Return the pieces of a slot with corrections in the places of what they correct.

    A note in another ink beside other writing is left out, and told.
    """
    settled, corrections = list(pieces), set[int]()
    for piece in pieces:
        for span in piece.line.struck if piece == whole(piece.line) else ():
            above = [other for other in settled if _corrects(other, piece.line, span)]
            if len(above) == 1 and piece in settled:
                settled = _put_right(settled, piece, span, above[0])
                corrections.add(id(above[0]))
    is_plain = any(not piece.line.ink for piece in settled)
    kept = [
        piece for piece in settled if not (is_plain and piece.line.ink) or id(piece) in corrections
    ]
    doubts = [reasons.STRUCK_OUT] if corrections else []
    if any(piece.line.ink for piece in pieces):
        doubts.append(reasons.OTHER_INK)
    return Meant(tuple(kept), tuple(doubts))


def _put_right(
    pieces: list[Piece], piece: Piece, span: tuple[float, float], correction: Piece
) -> list[Piece]:
    """Return the pieces with a correction between the parts of the piece that it corrects."""
    middle = sum(span) / 2
    at = sum((letter.left + letter.right) / 2 < middle for letter in piece.line.letters)
    parts = [Piece(piece.line, 0, at), correction, Piece(piece.line, at, piece.end)]
    rest = [other for other in pieces if other is not correction]
    place = rest.index(piece)
    return [*rest[:place], *(part for part in parts if part.end > part.start), *rest[place + 1 :]]


def _corrects(other: Piece, line: Line, span: tuple[float, float]) -> bool:
    """Tell whether a piece stands right above a part of a line and is about as wide."""
    if other.line is line or not other.line.text:
        return False
    left, top, right, bottom = _box(line)
    start, end = (left + share * (right - left) for share in span)
    x0, y0, x1, y1 = _box(other.line)
    is_above = (y0 + y1) / 2 < (top + bottom) / 2 - LOWER * (bottom - top)
    is_near = abs((x0 + x1) / 2 - (start + end) / 2) <= ASIDE * max(end - start, x1 - x0)
    return is_above and is_near and x1 - x0 <= WIDER * (end - start)


def beside_slips(sheet: PageReading) -> PageReading:
    """Return a side without what is written on slips: nobody knows what that belongs to."""
    if not sheet.slips:
        return sheet
    kept = (line for line in sheet.lines if not any(_is_on(line, slip) for slip in sheet.slips))
    return replace(sheet, lines=tuple(kept))


def under_slips(entry: Entry, sheets: Sequence[PageReading]) -> Entry:
    """Return an entry with doubts where slips lie on it: on its places, or anywhere else on it."""
    slips = {sheet.side: sheet.slips for sheet in sheets}

    def is_hidden(place: Polygon, side: Side | None) -> bool:
        return any(_overlap(place, slip) for slip in slips.get(side, ()))

    slots = tuple(
        replace(slot, trust=HIDDEN * slot.trust, doubts=(*slot.doubts, reasons.PASTED_SLIP))
        if is_hidden(slot.polygon, slot.side)
        else slot
        for slot in entry.slots
    )
    if slots == entry.slots and not is_hidden(entry.polygon, entry.side):
        return entry
    return replace(entry, slots=slots, doubts=(*entry.doubts, reasons.PASTED_SLIP))


def _overlap(one: Polygon, other: Polygon) -> bool:
    """Tell whether two convex polygons share any area."""
    first, second = (np.array(polygon, np.float32) for polygon in (one, other))
    return float(cv2.intersectConvexConvex(first, second)[0]) > 0


def with_later(record: Record, sheets: Sequence[PageReading]) -> Record:
    """Return an entry with the doubts that it was cancelled, or that another ink is on it."""
    told = {doubt.reason for doubt in record.doubts}
    for sheet in sheets:
        if sheet.side != record.side:
            continue
        inside = [line for line in sheet.lines if _is_in(line, record)]
        found = {
            reasons.CANCELLED: any(_is_void(line) for line in inside)
            or any(_crosses(slash, record) for slash in sheet.slashes),
            reasons.OTHER_INK: any(line.ink for line in inside),
        }
        more = (
            Doubt("", reason) for reason, is_so in found.items() if is_so and reason not in told
        )
        record = replace(record, doubts=(*record.doubts, *more))
    return record


def is_cancelled(record: Record) -> bool:
    """Tell whether an entry was cancelled."""
    return any(doubt.reason == reasons.CANCELLED for doubt in record.doubts)


def _is_void(line: Line) -> bool:
    return nfc(line.text).lower().strip(" .!()-") in VOID


def _crosses(slash: Polygon, record: Record) -> bool:
    """Tell whether a long stroke runs along an entry or through it from top to bottom."""
    left, top, right, bottom = _box(record)
    ends = np.array(slash)
    if np.ptp(ends[:, 0]) < WIDE * (right - left):
        return False
    steps = np.linspace(0, len(ends) - 1, 200)
    xs, ys = (np.interp(steps, np.arange(len(ends)), ends[:, axis]) for axis in (0, 1))
    inside = (xs >= left) & (xs <= right) & (ys >= top) & (ys <= bottom)
    if not inside.any():
        return False
    is_along = np.ptp(xs[inside]) >= WIDE * (right - left)
    return bool(is_along or np.ptp(ys[inside]) >= THROUGH * (bottom - top))


def _is_on(line: Line, slip: Polygon) -> bool:
    """Tell whether the middle of a line is on a slip."""
    left, top, right, bottom = _box(line)
    middle = ((left + right) / 2, (top + bottom) / 2)
    return cv2.pointPolygonTest(np.array(slip, np.float32), middle, measureDist=False) >= 0


def _is_in(line: Line, record: Record) -> bool:
    left, top, right, bottom = _box(record)
    x0, y0, x1, y1 = _box(line)
    return left <= (x0 + x1) / 2 <= right and top <= (y0 + y1) / 2 <= bottom


def _box(thing: Line | Record) -> tuple[float, float, float, float]:
    xs, ys = zip(*thing.polygon, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
