"""Find the written lines inside one region: a cell, or what a page holds outside its cells."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.layout.components import Components
from pipeline.layout.darkness import Scale
from pipeline.layout.strands import Strand, find_strands

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CUT_MM = 8.0  # paper as wide as this parts a row of writing in two, outside small cells
MIN_BAND_MM = 0.5  # empty rows thinner than this part a mark from its letter


class Quad(NamedTuple):
    """An outline with upright sides: y = top + slope * (x - left), and so for the bottom."""

    left: float
    right: float
    top: float
    bottom: float
    slope: float


class Span(NamedTuple):
    """A printed leader: it holds a row of writing together."""

    left: float
    right: float
    y: float


def find_quads(
    pieces: Components,
    members: Ints,
    scale: Scale,
    leaders: Sequence[Span],
    *,
    usual: float = 0.0,
    cut: bool,
) -> list[Quad]:
    """Return outlines of the written lines that the member pieces form, from top to bottom.

    Args:
        pieces: of the whole page.
        members: numbers of the pieces in this region.
        scale: of the pieces.
        leaders: that hold writing together.
        usual: height of a written line in px, as far as other regions tell.
        cut: part rows of writing at wide gaps.
    """
    quads = []
    for band in _bands(pieces, members, scale):
        strands, pitch = find_strands(pieces, band, scale, usual)
        for owned in _owners(pieces, band, strands, pitch):
            quads += _quads(pieces, owned, scale, leaders, cut=cut)
    return quads


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


class _Owned(NamedTuple):
    """The pieces of one line, with the part of each that belongs to it."""

    pieces: Ints
    tops: Ints
    bottoms: Ints


def _owners(pieces: Components, band: Ints, strands: list[Strand], pitch: float) -> list[_Owned]:
    """Return for each line its pieces."""
    tops, bottoms = pieces.top[band], pieces.bottom[band]
    if len(strands) == 1:
        return [_Owned(band, tops, bottoms)]
    xs, ys = (pieces.left[band] + pieces.right[band]) / 2, (tops + bottoms) / 2
    runs = np.array([np.interp(xs, line.xs, line.ys) for line in strands])
    beyond = np.array(
        [np.maximum(0, np.maximum(line.xs[0] - xs, xs - line.xs[-1])) for line in strands]
    )
    owner = (np.abs(runs - ys) + 0.3 * beyond).argmin(axis=0)
    is_small = bottoms - tops < 0.3 * pitch
    small, large = np.flatnonzero(is_small), np.flatnonzero(~is_small)
    if len(small) and len(large):
        owner[small] = owner[large][_nearest(pieces, band[small], band[large])]
    # A piece that runs through the middle of several lines joins their letters: each has a part.
    through = (runs > tops + 0.1 * pitch) & (runs < bottoms - 0.1 * pitch) & (beyond == 0)
    is_shared = through.sum(axis=0) > 1
    owned = []
    for line in range(len(strands)):
        mine = np.flatnonzero((owner == line) | (through[line] & is_shared))
        if len(mine):
            low = np.maximum(tops[mine], np.floor(runs[line, mine] - 0.75 * pitch))
            high = np.minimum(bottoms[mine], np.ceil(runs[line, mine] + 0.65 * pitch))
            keep = high > low
            owned.append(
                _Owned(band[mine][keep], low[keep].astype(np.int64), high[keep].astype(np.int64))
            )
    return [part for part in owned if len(part.pieces)]


def _nearest(pieces: Components, some: Ints, others: Ints) -> Ints:
    """Return for each of `some` which of the `others` is nearest, as places in `others`."""

    def gap(low: Ints, high: Ints) -> Ints:
        return np.asarray(
            np.maximum(0, np.maximum(low[others][None] - high[some][:, None],
                                     low[some][:, None] - high[others][None]))
        )  # fmt: skip

    return np.asarray(
        (2 * gap(pieces.left, pieces.right) + gap(pieces.top, pieces.bottom)).argmin(axis=1)
    )


def _quads(
    pieces: Components,
    owned: _Owned,
    scale: Scale,
    leaders: Sequence[Span],
    *,
    cut: bool,
) -> list[Quad]:
    """Return one line's outline, or several where wide gaps part it."""
    order = np.argsort(pieces.left[owned.pieces], kind="stable")
    mine, tops, bottoms = owned.pieces[order], owned.tops[order], owned.bottoms[order]
    starts = np.zeros(0, np.int64)
    if cut:
        reach = np.maximum.accumulate(pieces.right[mine])
        gaps = pieces.left[mine][1:] - reach[:-1]
        wide = np.flatnonzero(gaps > scale.px(CUT_MM))
        starts = np.array([
            place + 1 for place in wide
            if not _is_led(reach[place], pieces.left[mine][place + 1],
                           int(bottoms[: place + 1].max()), leaders, scale)
        ], np.int64)  # fmt: skip
    return [
        _quad(pieces, part, top, bottom, scale)
        for part, top, bottom in zip(
            np.split(mine, starts), np.split(tops, starts), np.split(bottoms, starts), strict=True
        )
    ]


def _is_led(left: int, right: int, bottom: int, leaders: Sequence[Span], scale: Scale) -> bool:
    """Tell whether printed dots lead over most of a gap."""
    near = scale.px(4.0)
    shared = sum(
        max(0.0, min(right, span.right) - max(left, span.left))
        for span in leaders
        if abs(span.y - bottom) < near
    )
    return shared > 0.5 * (right - left)


def _quad(pieces: Components, part: Ints, tops: Ints, bottoms: Ints, scale: Scale) -> Quad:
    left, right = float(pieces.left[part].min()), float(pieces.right[part].max())
    slope = _slope(pieces, part, tops, bottoms, scale)
    middles = (pieces.left[part] + pieces.right[part]) / 2 - left
    return Quad(
        left,
        right,
        float((tops - slope * middles).min()),
        float((bottoms - slope * middles).max()),
        slope,
    )


def _slope(pieces: Components, part: Ints, tops: Ints, bottoms: Ints, scale: Scale) -> float:
    """Return how the line falls, px down for each px to the right; 0 for short lines."""
    left, right = pieces.left[part], pieces.right[part]
    length = float(right.max() - left.min())
    heights = bottoms - tops
    body = heights > 0.5 * np.median(heights)
    if length < scale.px(40) or body.sum() < 8:
        return 0.0
    xs, ys = ((left + right) / 2)[body], bottoms[body]
    slope, rest = np.polyfit(xs, ys, 1)
    near = np.abs(slope * xs + rest - ys) < 0.3 * np.median(heights[body])
    if near.sum() >= 8:
        slope = np.polyfit(xs[near], ys[near], 1)[0]
    return float(slope) if 0.004 < abs(slope) < 0.08 else 0.0
