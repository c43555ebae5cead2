"""Find the written lines inside one region: a cell, or what a page holds outside its cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.components import Components
from pipeline.layout.darkness import Scale
from pipeline.values import Pixels

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
        strands, pitch = _strands(pieces, band, scale, usual)
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


def _line_height(pieces: Components, band: Ints) -> float:
    """Return about how high one line of the band is."""
    heights = (pieces.bottom - pieces.top)[band].astype(np.float64)
    widths = (pieces.right - pieces.left)[band].astype(np.float64)
    whole = float(pieces.bottom[band].max() - pieces.top[band].min())
    order = np.argsort(heights)
    heights, share = heights[order], np.cumsum(widths[order]) / widths.sum()
    # The highest pieces may be flourishes and stains; the lowest are marks.
    is_letter = heights >= 0.35 * heights[int(np.searchsorted(share, 0.9))]
    letters = share[is_letter]
    place = np.searchsorted(letters, (letters[0] + letters[-1]) / 2)
    return min(whole, 1.6 * float(heights[is_letter][int(place)]))


def _strands(
    pieces: Components, band: Ints, scale: Scale, usual: float
) -> tuple[list[_Strand], float]:
    """Return the lines of a band, where the ink is densest, and their distance."""
    left, right = int(pieces.left[band].min()), int(pieces.right[band].max())
    top, bottom = int(pieces.top[band].min()), int(pieces.bottom[band].max())
    high = _line_height(pieces, band)
    middle = (top + bottom) / 2
    alone = [_Strand(np.array([left, right]), np.array([middle, middle]), 1.0)]
    stacked = _stacked(pieces, band, high / 1.6, scale)
    is_low = bottom - top < 1.06 * high and not _may_touch(pieces, band, usual)
    if not stacked and (is_low or bottom - top < scale.px(3.5)):
        return alone, high
    high = min(high, *(value for value in (stacked, usual) if value), high)
    chosen = np.zeros(len(pieces.area) + 1, np.uint8)
    chosen[band] = 255
    ink = chosen[pieces.labels[top:bottom, left:right]]
    pitch = _pitch(ink, 0.45 * high, scale) or high
    if bottom - top <= 1.3 * pitch:
        return alone, pitch
    pad = round(pitch)
    ink = np.pad(ink, ((pad, pad), (0, 0)))
    sharp = np.asarray(
        cv2.GaussianBlur(ink.astype(np.float32), (0, 0), scale.px(2.5), sigmaY=0.17 * pitch),
        np.float32,
    )
    broad = cv2.blur(sharp, (1, 2 * round(0.55 * pitch) + 1))
    dense = (sharp > 1.02 * broad) & (sharp > 0.06 * sharp.max())
    found = _merged(_blobs(dense.astype(np.uint8), sharp, left, top - pad), pitch)
    return found or alone, pitch


def _may_touch(pieces: Components, band: Ints, usual: float) -> bool:
    """Tell whether a band is so high beside the page's lines that two of them may touch in it.

    Large digits and signatures are high, too, but then all their pieces are.
    """
    heights = pieces.bottom[band] - pieces.top[band]
    whole = pieces.bottom[band].max() - pieces.top[band].min()
    letters = (heights > 0.5 * usual) & (heights < 0.7 * whole)
    return bool(0 < 1.5 * usual < whole and letters.any())


def _stacked(pieces: Components, band: Ints, letter: float, scale: Scale) -> float:
    """Return how far apart words stand that are above one another; 0 when none are.

    letter: usual height of the band's pieces; marks above letters are lower.
    """
    tops, bottoms = pieces.top[band], pieces.bottom[band]
    large = np.flatnonzero(bottoms - tops > 0.65 * letter)
    if not 2 <= len(large) <= 200:
        return 0.0
    left, right = pieces.left[band][large], pieces.right[band][large]
    ys = (tops + bottoms)[large] / 2
    shared = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    widths = np.minimum((right - left)[:, None], right - left)
    apart = ys[None, :] - ys[:, None]
    is_stacked = (shared > 0.5 * widths) & (apart > max(0.8 * letter, scale.px(2.4)))
    return float(np.median(apart[is_stacked])) if is_stacked.any() else 0.0


def _pitch(ink: Pixels, least: float, scale: Scale) -> float:
    """Return the distance from line to line in px; 0 when the ink does not repeat.

    Found where the rows of ink, slab by slab so that slopes do no harm, agree best with
    themselves moved down.
    """
    slabs = max(1, round(ink.shape[1] / scale.px(12.0)))
    rows = cv2.resize(ink, (slabs, ink.shape[0]), interpolation=cv2.INTER_AREA)
    rows = rows.reshape(ink.shape[0], slabs).astype(np.float64)
    rows = np.asarray(cv2.GaussianBlur(rows, (1, 0), sigmaX=0.1, sigmaY=scale.px(0.45)))
    rows = rows.reshape(ink.shape[0], slabs)
    rows -= rows.mean(axis=0)
    size = 2 * len(rows)
    power = np.abs(np.fft.rfft(rows, size, axis=0)) ** 2
    alike = np.fft.irfft(power.sum(axis=1))[: len(rows)]
    if alike[0] <= 0:
        return 0.0
    alike = alike / alike[0] * len(rows) / np.arange(len(rows), 0, -1)
    first = max(round(least), scale.whole(2.6))
    last = min(round(0.75 * len(rows)), scale.whole(16.0))
    for lag in range(first, last):
        around = alike[max(1, lag - scale.whole(1.0)) : lag + scale.whole(1.0) + 1]
        rise = alike[lag] - alike[:lag].min()
        if alike[lag] >= around.max() and alike[lag] > 0.05 and rise > 0.3:
            return float(lag)
    return 0.0


def _blobs(dense: Pixels, ink: npt.NDArray[np.float32], left: int, top: int) -> list[_Strand]:
    """Return a strand through each patch of dense ink."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dense, connectivity=4)
    strands = []
    for number in range(1, count):
        x, y, width, height = stats[number, :4].tolist()
        inside = labels[y : y + height, x : x + width] == number
        weight = np.where(inside, ink[y : y + height, x : x + width], 0).astype(np.float64)
        mass = weight.sum(axis=0)
        rows = (weight * np.arange(height)[:, None]).sum(axis=0) / np.maximum(mass, 1e-6)
        xs = np.arange(0, width, max(1, width // 12))
        strands.append(_Strand(xs + left + x + 0.0, rows[xs] + top + y, float(mass.sum())))
    return strands


def _merged(strands: list[_Strand], pitch: float) -> list[_Strand]:
    """Return the strands joined along their lines, without those that are rows of marks."""
    lines: list[_Strand] = []
    for strand in sorted(strands, key=lambda s: -s.mass):
        fits = [
            (off, number)
            for number, line in enumerate(lines)
            if (off := _misfit(line, strand)) < 0.35 * pitch
        ]
        if fits:
            number = min(fits)[1]
            lines[number] = _joined(lines[number], strand)
        else:
            lines.append(strand)
    return _without_marks(lines, pitch)


def _misfit(line: _Strand, strand: _Strand) -> float:
    """Return how far above or below the line a strand runs; infinite where both run."""
    shared = min(line.xs[-1], strand.xs[-1]) - max(line.xs[0], strand.xs[0])
    length = min(line.xs[-1] - line.xs[0], strand.xs[-1] - strand.xs[0])
    if shared > 0.5 * length and not _has_room(line, strand):
        return float("inf")
    ys = [line.at(float(x)) for x in strand.xs[:: max(1, len(strand.xs) // 4)]]
    return abs(float(np.mean(ys)) - float(strand.ys.mean()))


def _has_room(line: _Strand, strand: _Strand) -> bool:
    """Tell whether the strand fills a gap of the line."""
    middle = (strand.xs[0] + strand.xs[-1]) / 2
    return bool(np.abs(line.xs - middle).min() > 0.4 * (strand.xs[-1] - strand.xs[0]))


def _joined(one: _Strand, two: _Strand) -> _Strand:
    xs, ys = np.concatenate([one.xs, two.xs]), np.concatenate([one.ys, two.ys])
    order = np.argsort(xs, kind="stable")
    return _Strand(xs[order], ys[order], one.mass + two.mass)


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
    """The pieces of one line, with the part of each that belongs to it."""

    pieces: Ints
    tops: Ints
    bottoms: Ints


def _owners(pieces: Components, band: Ints, strands: list[_Strand], pitch: float) -> list[_Owned]:
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
