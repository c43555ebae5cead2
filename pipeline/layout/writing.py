"""Find the written lines inside one region: a cell, or what a page holds outside its cells."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.layout.components import Components
from pipeline.layout.darkness import Scale
from pipeline.layout.parting import part_piece
from pipeline.layout.strands import Strand, find_strands

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CUT_MM = 8.0  # paper as wide as this parts a row of writing in two, outside small cells
ASIDE = 0.5  # what a mark's way from the middle of a line counts beside that to its letters
OVER = 0.15  # of the lines' distance, to both sides of the middle between them
LEAD_MM = 2.5  # leaders this close are of one row; writing stands this high above one at most
LETTER = 0.3  # of the distance of leaders: how far above one the middle of its letters is
WITHOUT = 0.6  # likewise, how far from all of them a line stands that has none
MIN_BAND_MM = 0.5  # empty rows thinner than this part a mark from its letter


class Quad(NamedTuple):
    """An outline with upright sides: y = top + slope * (x - left), and so for the bottom."""

    left: float
    right: float
    top: float
    bottom: float
    slope: float


class Span(NamedTuple):
    """A printed leader: y at its left end, `fall` px further down at its right one."""

    left: float
    right: float
    y: float
    fall: float = 0.0

    @property
    def middle(self) -> float:
        """Its y halfway."""
        return self.y + self.fall / 2


class Lined(NamedTuple):
    """A written line: its outline and the numbers of its pieces of ink."""

    quad: Quad
    pieces: Ints


def find_quads(
    pieces: Components,
    members: Ints,
    scale: Scale,
    leaders: Sequence[Span],
    *,
    usual: float = 0.0,
    cut: bool,
) -> tuple[list[Lined], Components]:
    """Return the written lines that the member pieces form, from top to bottom, and all pieces.

    Pieces in which letters of several lines touch are parted: their parts come after the others.

    Args:
        pieces: of the whole page.
        members: numbers of the pieces in this region.
        scale: of the pieces.
        leaders: that hold writing together.
        usual: height of a written line in px, as far as other regions tell.
        cut: part rows of writing at wide gaps.
    """
    lines = []
    for band in _bands(pieces, members, scale):
        strands, pitch = find_strands(pieces, band, scale, usual)
        if cut:
            strands, pitch = _on_leaders(pieces, band, strands, pitch, leaders, scale)
        owned, pieces = _owners(pieces, band, strands, pitch)
        for mine in owned:
            lines += _lines(pieces, mine, scale, leaders, cut=cut)
    return lines, pieces


def band_heights(pieces: Components, members: Ints, scale: Scale) -> list[int]:
    """Return the heights of the bands of ink in a region, px."""
    return [
        int(pieces.bottom[band].max() - pieces.top[band].min())
        for band in _bands(pieces, members, scale)
    ]


def _bands(pieces: Components, members: Ints, scale: Scale) -> list[Ints]:
    """Return the members in groups that empty rows part."""
    order = members[np.argsort(pieces.top[members], kind="stable")]
    reach = np.maximum.accumulate(pieces.bottom[order])
    gaps = pieces.top[order][1:] - reach[:-1]
    starts = np.flatnonzero(gaps >= scale.px(MIN_BAND_MM)) + 1
    return _with_marks(pieces, np.split(order, starts), scale)


def _with_marks(pieces: Components, bands: list[Ints], scale: Scale) -> list[Ints]:
    """Return the bands, those of mere marks joined to the writing next to them."""

    def extent(band: Ints) -> tuple[int, int]:
        return int(pieces.top[band].min()), int(pieces.bottom[band].max())

    joined = list(bands)
    number = 0
    while len(joined) > 1 and number < len(joined):
        top, bottom = extent(joined[number])
        near = [
            (max(extent(joined[other])[0] - bottom, top - extent(joined[other])[1]), other)
            for other in (number - 1, number + 1)
            if 0 <= other < len(joined)
        ]
        gap, other = min(near)
        low, high = extent(joined[other])
        if bottom - top < 0.45 * (high - low) and gap < scale.px(1.3):
            first, second = sorted((number, other))
            joined[first : second + 1] = [np.concatenate(joined[first : second + 1])]
            number = max(0, first - 1)
        else:
            number += 1
    return joined


def _on_leaders(
    pieces: Components,
    band: Ints,
    strands: list[Strand],
    pitch: float,
    leaders: Sequence[Span],
    scale: Scale,
) -> tuple[list[Strand], float]:
    """Return the lines of a band and their distance; as its leaders tell where the ink fails.

    Great capitals and tails of close lines mix so that their ink tells too few lines, or lines
    that are too close; the dots below them tell them all. Lines without dots, as headings are,
    stay as the ink tells them.
    """
    left, right = int(pieces.left[band].min()), int(pieces.right[band].max())
    top, bottom = int(pieces.top[band].min()), int(pieces.bottom[band].max())
    inside = [
        span
        for span in leaders
        if top < span.y <= bottom + scale.px(LEAD_MM) and span.right > left and span.left < right
    ]
    rows = _rows_of(inside, scale)
    if len(rows) < 2:
        return strands, pitch
    feet = [_through(row, left, right) for row in rows]
    apart = float(np.median(np.diff([line.ys.mean() for line in feet])))
    gaps = np.diff([line.ys.mean() for line in strands])
    if len(strands) >= len(rows) and gaps.min(initial=apart) > WITHOUT * apart:
        return strands, pitch
    lines = [Strand(line.xs, line.ys - LETTER * apart, line.mass) for line in feet]
    middle = (left + right) / 2
    others = [
        strand
        for strand in strands
        if min(abs(strand.at(middle) - line.at(middle)) for line in lines) > WITHOUT * apart
    ]
    return sorted([*lines, *others], key=lambda line: line.at(middle)), apart


def _rows_of(leaders: Sequence[Span], scale: Scale) -> list[list[Span]]:
    """Return the leaders in rows, from top to bottom."""
    rows: list[list[Span]] = []
    for span in sorted(leaders, key=lambda one: one.middle):
        if rows and span.middle - rows[-1][-1].middle < scale.px(LEAD_MM):
            rows[-1].append(span)
        else:
            rows.append([span])
    return rows


def _through(row: Sequence[Span], left: int, right: int) -> Strand:
    """Return the straight line through a row of leaders, from side to side."""
    xs = np.array([x for span in row for x in (span.left, span.right)])
    ys = np.array([y for span in row for y in (span.y, span.y + span.fall)])
    slope, rest = np.polyfit(xs, ys, 1)
    ends = np.array([left + 0.0, right + 0.0])
    return Strand(ends, slope * ends + rest, 1.0)


def _owners(
    pieces: Components, band: Ints, strands: list[Strand], pitch: float
) -> tuple[list[Ints], Components]:
    """Return for each line its pieces; and all pieces, those that join lines parted."""
    if len(strands) == 1:
        return [band], pieces
    tops, bottoms = pieces.top[band], pieces.bottom[band]
    xs, ys = (pieces.left[band] + pieces.right[band]) / 2, (tops + bottoms) / 2
    runs = np.array([np.interp(xs, line.xs, line.ys) for line in strands])
    beyond = np.array(
        [np.maximum(0, np.maximum(line.xs[0] - xs, xs - line.xs[-1])) for line in strands]
    )
    # A piece that reaches well over to the next line joins letters or marks of both.
    middles = (runs[:-1] + runs[1:]) / 2
    over = (tops < middles - OVER * pitch) & (bottoms > middles + OVER * pitch)
    over &= (beyond[:-1] == 0) & (beyond[1:] == 0)
    joins = np.zeros(runs.shape, np.bool_)
    joins[:-1] |= over
    joins[1:] |= over
    is_shared = joins.any(axis=0)
    owner = (np.abs(runs - ys) + 0.3 * beyond).argmin(axis=0)
    # A mark is its letter's, whichever line it is nearer to; but on wide lines letters are low too.
    heights = bottoms - tops
    is_small = heights < min(0.3 * pitch, 0.6 * float(np.percentile(heights, 75)))
    small, large = np.flatnonzero(is_small), np.flatnonzero(~is_small)
    if len(small) and len(large):
        gaps = _gaps(pieces, band[small], band[large]).astype(np.float64)
        own = [np.where(is_shared, joins[line], owner == line) for line in range(len(strands))]
        near = [gaps[:, mine[large]].min(axis=1, initial=np.inf) for mine in own]
        off = np.abs(runs - ys)[:, small]
        owner[small] = (np.array(near) + ASIDE * off).argmin(axis=0)
    owned = [band[(owner == line) & ~is_shared] for line in range(len(strands))]
    for place in np.flatnonzero(is_shared).tolist():
        joined = np.flatnonzero(joins[:, place]).tolist()
        first = len(pieces.area)
        pieces = part_piece(pieces, int(band[place]), [strands[line] for line in joined], pitch)
        for number, line in enumerate(joined, first):
            owned[line] = np.append(owned[line], number)
    return [mine for mine in owned if len(mine)], pieces


def _gaps(pieces: Components, some: Ints, others: Ints) -> Ints:
    """Return how far each of `some` is from each of the `others`; aside counts twice."""

    def gap(low: Ints, high: Ints) -> Ints:
        return np.asarray(
            np.maximum(0, np.maximum(low[others][None] - high[some][:, None],
                                     low[some][:, None] - high[others][None]))
        )  # fmt: skip

    return np.asarray(2 * gap(pieces.left, pieces.right) + gap(pieces.top, pieces.bottom))


def _lines(
    pieces: Components,
    owned: Ints,
    scale: Scale,
    leaders: Sequence[Span],
    *,
    cut: bool,
) -> list[Lined]:
    """Return one line, or several where wide gaps part it."""
    mine = owned[np.argsort(pieces.left[owned], kind="stable")]
    starts = np.zeros(0, np.int64)
    if cut:
        reach = np.maximum.accumulate(pieces.right[mine])
        gaps = pieces.left[mine][1:] - reach[:-1]
        wide = np.flatnonzero(gaps > scale.px(CUT_MM))
        starts = np.array([
            place + 1 for place in wide
            if not _is_led(reach[place], pieces.left[mine][place + 1],
                           int(pieces.bottom[mine[: place + 1]].max()), leaders, scale)
        ], np.int64)  # fmt: skip
    return [Lined(quad_of(pieces, part, scale), part) for part in np.split(mine, starts)]


def _is_led(left: int, right: int, bottom: int, leaders: Sequence[Span], scale: Scale) -> bool:
    """Tell whether printed dots lead over most of a gap."""
    near = scale.px(4.0)
    shared = sum(
        max(0.0, min(right, span.right) - max(left, span.left))
        for span in leaders
        if abs(span.y - bottom) < near
    )
    return shared > 0.5 * (right - left)


def quad_of(pieces: Components, part: Ints, scale: Scale) -> Quad:
    """Return the outline of some pieces."""
    left, right = float(pieces.left[part].min()), float(pieces.right[part].max())
    slope = _slope(pieces, part, scale)
    middles = (pieces.left[part] + pieces.right[part]) / 2 - left
    return Quad(
        left,
        right,
        float((pieces.top[part] - slope * middles).min()),
        float((pieces.bottom[part] - slope * middles).max()),
        slope,
    )


def _slope(pieces: Components, part: Ints, scale: Scale) -> float:
    """Return how the line falls, px down for each px to the right; 0 for short lines."""
    left, right, bottoms = pieces.left[part], pieces.right[part], pieces.bottom[part]
    length = float(right.max() - left.min())
    heights = bottoms - pieces.top[part]
    body = heights > 0.5 * np.median(heights)
    if length < scale.px(40) or body.sum() < 8:
        return 0.0
    xs, ys = ((left + right) / 2)[body], bottoms[body]
    slope, rest = np.polyfit(xs, ys, 1)
    near = np.abs(slope * xs + rest - ys) < 0.3 * np.median(heights[body])
    if near.sum() >= 8:
        slope = np.polyfit(xs[near], ys[near], 1)[0]
    return float(slope) if 0.004 < abs(slope) < 0.08 else 0.0
