"""Find the written lines inside one region: a cell, or what a page holds outside its cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.components import Components
from pipeline.layout.darkness import Scale

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


@dataclass(frozen=True, slots=True, eq=False)
class _Strand:
    """A line in the making: where its middle runs."""

    xs: Floats
    ys: Floats
    mass: float

    def at(self, x: float) -> float:
        return float(np.interp(x, self.xs, self.ys))


def find_quads(
    pieces: Components, members: Ints, scale: Scale, leaders: Sequence[Span], *, cut: bool
) -> list[Quad]:
    """Return outlines of the written lines that the member pieces form, from top to bottom.

    Args:
        pieces: of the whole page.
        members: numbers of the pieces in this region.
        scale: of the pieces.
        leaders: that hold writing together.
        cut: part rows of writing at wide gaps.
    """
    quads = []
    for band in _bands(pieces, members, scale):
        strands = _strands(pieces, band, scale)
        for number in _owners(pieces, band, strands, scale):
            quads += _quads(pieces, number, strands, scale, leaders, cut=cut)
    return quads


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


def _line_height(pieces: Components, band: Ints) -> float:
    """Return about how high one line of the band is."""
    heights = (pieces.bottom - pieces.top)[band].astype(np.float64)
    widths = (pieces.right - pieces.left)[band].astype(np.float64)
    whole = float(pieces.bottom[band].max() - pieces.top[band].min())
    tall = heights >= 0.35 * heights.max()
    order = np.argsort(heights[tall])
    share = np.cumsum(widths[tall][order]) / widths[tall].sum()
    usual = float(heights[tall][order][int(np.searchsorted(share, 0.5))])
    return min(whole, 1.6 * usual)


def _strands(pieces: Components, band: Ints, scale: Scale) -> list[_Strand]:
    """Return the lines of a band, where the ink is densest."""
    left, right = int(pieces.left[band].min()), int(pieces.right[band].max())
    top, bottom = int(pieces.top[band].min()), int(pieces.bottom[band].max())
    high = _line_height(pieces, band)
    middle = (top + bottom) / 2
    if bottom - top <= 1.25 * high or bottom - top < scale.px(3.5):
        return [_Strand(np.array([left, right]), np.array([middle, middle]), 1.0)]
    pad = round(high)
    chosen = np.zeros(len(pieces.area) + 1, np.uint8)
    chosen[band] = 255
    ink = np.pad(chosen[pieces.labels[top:bottom, left:right]], ((pad, pad), (0, 0)))
    sharp = np.asarray(
        cv2.GaussianBlur(ink.astype(np.float32), (0, 0), scale.px(2.5), sigmaY=0.17 * high),
        np.float32,
    )
    broad = cv2.blur(sharp, (1, 2 * round(0.75 * high) + 1))
    dense = (sharp > 1.02 * broad) & (sharp > 0.1 * sharp.max())
    return _merged(_blobs(dense.astype(np.uint8), sharp, left, top - pad), high)


def _blobs(
    dense: npt.NDArray[np.uint8], ink: npt.NDArray[np.float32], left: int, top: int
) -> list[_Strand]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dense, connectivity=4)
    strands = []
    for number in range(1, count):
        x, y, width, height = stats[number, :4].tolist()
        inside = labels[y : y + height, x : x + width] == number
        weight = np.where(inside, ink[y : y + height, x : x + width], 0).astype(np.float64)
        mass = weight.sum(axis=0)
        rows = (weight * np.arange(height)[:, None]).sum(axis=0) / np.maximum(mass, 1e-6)
        step = max(1, width // 12)
        xs = np.arange(0, width, step)
        strands.append(_Strand(xs + left + x + 0.0, rows[xs] + top + y, float(mass.sum())))
    return strands


def _merged(strands: list[_Strand], high: float) -> list[_Strand]:
    """Return the strands joined along their lines, without those that are rows of marks."""
    lines: list[_Strand] = []
    for strand in sorted(strands, key=lambda s: float(s.xs[0])):
        best = None
        for number, line in enumerate(lines):
            gap = float(strand.xs[0] - line.xs[-1])
            if gap < -0.5 * high:
                continue
            off = abs(float(line.ys[-3:].mean() - strand.ys[:3].mean()))
            if off < 0.4 * high and (best is None or off < best[0]):
                best = (off, number)
        if best is None:
            lines.append(strand)
        else:
            line = lines[best[1]]
            lines[best[1]] = _Strand(
                np.concatenate([line.xs, np.maximum(strand.xs, line.xs[-1] + 1e-3)]),
                np.concatenate([line.ys, strand.ys]),
                line.mass + strand.mass,
            )
    return _without_marks(lines, high)


def _without_marks(lines: list[_Strand], high: float) -> list[_Strand]:
    kept: list[_Strand] = []
    for line in sorted(lines, key=lambda line: -line.mass):
        middle = float(line.xs.mean())
        near = [
            other for other in kept
            if other.xs[0] <= middle <= other.xs[-1]
            and abs(other.at(middle) - line.at(middle)) < high
        ]  # fmt: skip
        if not any(line.mass < 0.25 * other.mass for other in near):
            kept.append(line)
    return sorted(kept, key=lambda line: float(line.ys.mean()))


class _Owned(NamedTuple):
    """The pieces of one line, by its number; a shared piece has only a part in it."""

    line: int
    pieces: Ints
    tops: Ints
    bottoms: Ints


def _owners(pieces: Components, band: Ints, strands: list[_Strand], scale: Scale) -> list[_Owned]:
    """Return for each line its pieces."""
    if len(strands) <= 1:
        return [_Owned(0, band, pieces.top[band], pieces.bottom[band])] if strands else []
    xs = (pieces.left[band] + pieces.right[band]) / 2
    ys = (pieces.top[band] + pieces.bottom[band]) / 2
    heights = pieces.bottom[band] - pieces.top[band]
    runs = np.array([np.interp(xs, line.xs, line.ys) for line in strands])
    beyond = np.array([
        np.maximum(0, np.maximum(line.xs[0] - xs, xs - line.xs[-1])) for line in strands
    ])  # fmt: skip
    off = np.abs(runs - ys[None, :]) + 0.3 * beyond
    owner = off.argmin(axis=0)
    high = _line_height(pieces, band)
    small = np.flatnonzero(heights < 0.45 * high / 1.3)
    large = np.flatnonzero(heights >= 0.45 * high / 1.3)
    if len(small) and len(large):
        owner[small] = owner[large][_nearest(pieces, band[small], band[large])]
    shared = (
        (runs > pieces.top[band][None, :] + 0.1 * high)
        & (runs < pieces.bottom[band][None, :] - 0.1 * high)
        & (beyond == 0)
    )
    owned = []
    for line in range(len(strands)):
        mine = (owner == line) | (shared[line] & (shared.sum(axis=0) > 1))
        tops, bottoms = pieces.top[band][mine].copy(), pieces.bottom[band][mine].copy()
        parted = (shared.sum(axis=0) > 1)[mine]
        for other in range(len(strands)):
            if other == line:
                continue
            between = (runs[line][mine] + runs[other][mine]) / 2
            if other < line:
                tops = np.where(parted & shared[other][mine], np.maximum(tops, between), tops)
            else:
                bottoms = np.where(
                    parted & shared[other][mine], np.minimum(bottoms, between), bottoms
                )
        if mine.any():
            owned.append(_Owned(line, band[mine], tops.astype(np.int64), bottoms.astype(np.int64)))
    return owned


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
    strands: list[_Strand],
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
        _quad(pieces, part, top, bottom, strands[owned.line], scale)
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


def _quad(
    pieces: Components, part: Ints, tops: Ints, bottoms: Ints, strand: _Strand, scale: Scale
) -> Quad:
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
