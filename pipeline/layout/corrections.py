"""Words struck out with their correction written above, told by the ink alone.

A correction is small and stands close, so that rows of writing may take it for their own; but a
stroke through the word below it says what it is.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.layout.components import Components
from pipeline.layout.darkness import Scale
from pipeline.layout.struck import strokes_through
from pipeline.layout.writing import Ints, Lined, quad_of

WORD_MM, HIGH_MM = 3.5, 1.3  # width of a struck word; height of a letter above it, no mere mark
ASIDE_MM = 1.0  # beyond the struck word, where the middle of a letter of the correction may be
LONGER_MM = 5.0  # than the struck word, a correction that was found as a line of its own
UPPER = 0.45  # of the struck word's height: the middles of what is above it are higher
SHARE = 0.4  # of the struck word's width that its correction takes at least
ALONG = 0.8  # of its width that is struck out
THROUGH = 0.25  # of the stroke, with ink above, and with ink below: a bar of t or Đ has less
BESIDE_MM = 2.5  # of a struck piece that its stroke leaves out: no whole word


class Part(NamedTuple):
    """A written line.

    Attributes:
        struck: the piece of ink that is a word struck out, with its correction above: the outline
            of the line holds it, its pieces do not. None where there is none.
    """

    line: Lined
    struck: int | None = None


def with_corrections(pieces: Components, lines: Sequence[Lined], scale: Scale) -> Iterator[Part]:
    """Yield the lines of one region, corrections apart from what they correct."""
    for line in lines:
        others = [other for other in lines if other is not line]
        yield from _parts(pieces, line, others, scale)


def _parts(
    pieces: Components, line: Lined, others: Sequence[Lined], scale: Scale
) -> Iterator[Part]:
    widths = pieces.right[line.pieces] - pieces.left[line.pieces]
    for word in line.pieces[widths >= scale.px(WORD_MM)].tolist():
        own = _above(pieces, word, line.pieces, scale)
        alone = [other for other in others if _is_alone(pieces, word, other, scale)]
        above = np.concatenate([own, *(other.pieces for other in alone)])
        if not _are_letters(pieces, word, above, scale) or not _is_struck(pieces, word, scale):
            continue
        kept: Ints = np.setdiff1d(line.pieces, own)
        rest: Ints = kept[kept != word]
        if len(own):
            yield Part(Lined(quad_of(pieces, own, scale), own))
        yield Part(Lined(quad_of(pieces, kept, scale), rest), word)
        return
    yield Part(line)


def _above(pieces: Components, word: int, some: Ints, scale: Scale) -> Ints:
    """Return the pieces that stand above a word."""
    aside = scale.px(ASIDE_MM)
    across = (pieces.left[some] + pieces.right[some]) / 2
    down = (pieces.top[some] + pieces.bottom[some]) / 2
    top, bottom = pieces.top[word], pieces.bottom[word]
    found = (across > pieces.left[word] - aside) & (across < pieces.right[word] + aside)
    found &= (down < top + UPPER * (bottom - top)) & (some != word)
    return np.asarray(some[found], np.int64)


def _is_alone(pieces: Components, word: int, line: Lined, scale: Scale) -> bool:
    """Tell whether a line stands above a word and nowhere else."""
    quad = line.quad
    longer = (quad.right - quad.left) - (pieces.right[word] - pieces.left[word])
    is_near = len(_above(pieces, word, line.pieces, scale)) == len(line.pieces)
    return bool(is_near and longer < scale.px(LONGER_MM))


def _are_letters(pieces: Components, word: int, above: Ints, scale: Scale) -> bool:
    """Tell whether pieces above a word are more than its marks."""
    widths = pieces.right[above] - pieces.left[above]
    is_high = pieces.bottom[above] - pieces.top[above] >= scale.px(HIGH_MM)
    return bool(widths[is_high].sum() >= SHARE * (pieces.right[word] - pieces.left[word]))


def _is_struck(pieces: Components, word: int, scale: Scale) -> bool:
    """Tell whether a straight stroke runs through nearly all of a piece."""
    left, right = int(pieces.left[word]), int(pieces.right[word])
    part = pieces.labels[pieces.top[word] : pieces.bottom[word], left:right]
    spans = strokes_through((part == word).astype(np.uint8), scale.px(1.0), THROUGH)
    length = max((end - start for start, end in spans), default=0)
    rest = right - left - length
    return length >= ALONG * (right - left) and rest <= scale.px(BESIDE_MM)
