"""What came later into a slot: words struck out and corrected, notes in another ink."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from pipeline.extract import reasons
from pipeline.extract.pieces import Piece, whole
from pipeline.values import Doubt, Line, PageReading, Record

WIDER, ASIDE = 1.8, 0.35  # of a struck word's width: a correction's, and how far off its middle is
LOWER = 0.25  # of the line's height: how far a correction's middle stands above the line's


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
        piece
        for piece in settled
        if not (is_plain and piece.line.ink) or id(piece) in corrections
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


def _box(thing: Line | Record) -> tuple[float, float, float, float]:
    xs, ys = zip(*thing.polygon, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def with_later(record: Record, sheets: Sequence[PageReading]) -> Record:
    """Return an entry with a doubt where something in another ink stands in no field of it."""
    lines = [line for sheet in sheets if sheet.side == record.side for line in sheet.lines]
    left, top, right, bottom = _box(record)
    told = {doubt.reason for doubt in record.doubts}
    for line in lines:
        x0, y0, x1, y1 = _box(line)
        is_inside = left <= (x0 + x1) / 2 <= right and top <= (y0 + y1) / 2 <= bottom
        if line.ink and is_inside and reasons.OTHER_INK not in told:
            return replace(record, doubts=(*record.doubts, Doubt("", reasons.OTHER_INK)))
    return record
