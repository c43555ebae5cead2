"""Parts of read lines: their text, place on the page, confidence and other readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, log

from rapidfuzz.distance import Levenshtein

from pipeline.values import Alternative, Line, Point, Polygon, Script

MAX_ALTERNATIVES = 5
_SURE = 1e-3  # what a letter without any doubt still adds, so that lengths count


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one line: the letters from `start` up to, not including, `end`."""

    line: Line
    start: int
    end: int


def whole(line: Line) -> Piece:
    """Return all of a line."""
    return Piece(line, 0, len(line.text))


def trimmed(piece: Piece, left: str, right: str) -> Piece:
    """Return the piece without the given characters at its ends."""
    text = text_of(piece)
    start = piece.start + len(text) - len(text.lstrip(left))
    return Piece(piece.line, start, max(start, piece.start + len(text.rstrip(right))))


def between(line: Line, start: float, end: float) -> Piece:
    """Return the words of a line that stand between two places across the page, px."""
    marks = {0, len(line.text)}
    for at in range(1, len(line.text)):
        before, here = line.text[at - 1], line.text[at]
        # a column's last word may be read as one with the next column's first
        if here.isalnum() and (not before.isalnum() or here.isupper()):
            marks.add(at)

    def nearest(x: float) -> int:
        return min(marks, key=lambda at: abs(left_of(line, at) - x))

    return Piece(line, nearest(start), max(nearest(start), nearest(end)))


def parted(line: Line, places: Sequence[float]) -> list[Piece]:
    """Return the words of a line, parted at places across the page, px, from left to right."""
    xs = [x for x, _y in line.polygon]
    return [between(line, start, end) for start, end in pairwise([min(xs), *places, max(xs)])]


def left_of(line: Line, at: int) -> float:
    """Return where the letter at an index begins (or the line ends), px from the left."""
    xs = [x for x, _y in line.polygon]
    share = at / max(1, len(line.text))
    if len(line.letters) == len(line.text) and at < len(line.text):
        share = line.letters[at].left
    return min(xs) + share * (max(xs) - min(xs))


def text_of(piece: Piece) -> str:
    """Return the letters of a piece."""
    return piece.line.text[piece.start : piece.end]


def joined(pieces: Sequence[Piece]) -> str:
    """Return the text of several pieces in order, one space between."""
    return " ".join(" ".join(text_of(piece) for piece in pieces).split())


def script_of(pieces: Sequence[Piece]) -> Script:
    """Return the script of the longest piece."""
    longest = max(pieces, key=lambda piece: piece.end - piece.start)
    return longest.line.script


def confidence_of(pieces: Sequence[Piece]) -> float:
    """Return the probability that the text of all pieces is right."""
    product = 1.0
    for piece in pieces:
        product *= _confidence(piece)
    return product


def _confidence(piece: Piece) -> float:
    """Share out a line's doubt to its part, by the letters' own doubts or by length.

    Readings that agree on the part speak for it together, whatever they say elsewhere.
    """
    line = piece.line
    if not line.text or piece.end <= piece.start:
        return line.confidence
    shared: float = max(line.confidence, 1e-6) ** _share(piece)
    agreeing = line.confidence + sum(
        other.confidence
        for other in line.alternatives
        if _counterpart(piece, other.text) == text_of(piece)
    )
    return min(1.0, max(shared, agreeing))


def _share(piece: Piece) -> float:
    letters = piece.line.letters
    if len(letters) != len(piece.line.text):
        return (piece.end - piece.start) / len(piece.line.text)
    doubts = [_SURE - log(min(1.0, max(letter.confidence, 1e-6))) for letter in letters]
    return sum(doubts[piece.start : piece.end]) / sum(doubts)


def alternatives_of(pieces: Sequence[Piece]) -> tuple[Alternative, ...]:
    """Return other readings of the joined pieces, one piece changed at a time, best first."""
    own = joined(pieces)
    found: dict[str, float] = {}
    for index, piece in enumerate(pieces):
        rest = confidence_of([*pieces[:index], *pieces[index + 1 :]])
        for other in piece.line.alternatives:
            texts = [text_of(each) for each in pieces]
            texts[index] = _counterpart(piece, other.text)
            text = " ".join(" ".join(texts).split())
            if text and text != own:
                found[text] = found.get(text, 0.0) + other.confidence * rest
    ranked = sorted(found.items(), key=lambda item: -item[1])[:MAX_ALTERNATIVES]
    return tuple(Alternative(text, min(1.0, confidence)) for text, confidence in ranked)


def _counterpart(piece: Piece, other: str) -> str:
    """Return the part of another reading of the same line that stands where the piece does."""
    if piece.start == 0 and piece.end == len(piece.line.text):
        return other
    start = _moved(piece.line.text, other, piece.start)
    end = _moved(piece.line.text, other, piece.end)
    return other[start:end].strip()


def _moved(text: str, other: str, place: int) -> int:
    for step in Levenshtein.opcodes(text, other):
        if place <= step.src_end and place >= step.src_start:
            if step.tag == "equal" or place == step.src_start:
                return step.dest_start + (place - step.src_start)
            if place == step.src_end:
                return step.dest_end
            return min(step.dest_end, step.dest_start + place - step.src_start)
    return len(other)


def polygon_of(pieces: Sequence[Piece]) -> Polygon:
    """Return where the pieces stand: the cut line itself, or the box around several."""
    outlines = [cut(piece) for piece in pieces]
    return outlines[0] if len(outlines) == 1 else box_around(outlines)


def box_around(polygons: Sequence[Polygon]) -> Polygon:
    """Return the upright box around polygons, clockwise from the top left."""
    xs = [x for polygon in polygons for x, _y in polygon]
    ys = [y for polygon in polygons for _x, y in polygon]
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def cut(piece: Piece) -> Polygon:
    """Return the part of its line's outline in which the piece stands."""
    line = piece.line
    if len(line.polygon) < 4 or not line.text or (piece.start, piece.end) == (0, len(line.text)):
        return line.polygon
    left, right = span_of(piece)
    half = len(line.polygon) // 2
    top, bottom = line.polygon[:half], line.polygon[: half - 1 : -1]
    corners = (_along(top, left), _along(top, right), _along(bottom, right), _along(bottom, left))
    return corners


def span_of(piece: Piece) -> tuple[float, float]:
    """Return where the piece begins and ends, as fractions of its line's width."""
    letters = piece.line.letters
    if (piece.start, piece.end) == (0, len(piece.line.text)):
        return 0.0, 1.0
    if len(letters) == len(piece.line.text) and piece.end > piece.start:
        return letters[piece.start].left, letters[piece.end - 1].right
    length = len(piece.line.text)
    return piece.start / length, piece.end / length


def is_struck(piece: Piece) -> bool:
    """Tell whether something beside or within the piece's letters is struck out.

    A struck word is in none of the line's letters: it belongs to those on both sides of it.
    """
    line = piece.line
    start = line.letters[piece.start - 1].right if piece.start and line.letters else 0.0
    end = line.letters[piece.end].left if piece.end < len(line.letters) else 1.0
    return any(left < end and right > start for left, right in line.struck)


def _along(chain: Sequence[Point], fraction: float) -> Point:
    """Return the point at a fraction of the chain's length."""
    lengths = [hypot(bx - ax, by - ay) for (ax, ay), (bx, by) in pairwise(chain)]
    left = min(1.0, max(0.0, fraction)) * sum(lengths)
    for ((ax, ay), (bx, by)), length in zip(pairwise(chain), lengths, strict=True):
        if left <= length and length > 0:
            return (ax + (bx - ax) * left / length, ay + (by - ay) * left / length)
        left -= length
    return chain[-1]
