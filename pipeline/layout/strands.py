"""Find where the lines of writing run, by the density of the ink and its pitch."""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import chosen
from pipeline.layout.components import Components
from pipeline.layout.darkness import Scale
from pipeline.values import Pixels

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BODY = 0.45  # of the most strokes in a row: fewer are marks, heads or tails
AT_EDGE = 0.6  # likewise of a row at the very top or bottom of the ink: heads and tails lie there
CLOSEST = 0.45  # of a line's usual height: no two lines are closer
BETWEEN = 0.75  # of the lesser row's strokes: more between two rows, and they are one line's
EVEN, ROOMY = 0.8, 0.75  # of three lines or more: least gap beside the widest, and a line's height
FEWEST = 8.0  # strokes in such a row; a short word has too few to tell by


@dataclass(frozen=True, slots=True, eq=False)
class Strand:
    """A line in the making: where its middle runs."""

    xs: Floats
    ys: Floats
    mass: float

    def at(self, x: float) -> float:
        """Return where the line's middle is at x."""
        return float(np.interp(x, self.xs, self.ys))


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


def find_strands(
    pieces: Components, band: Ints, scale: Scale, usual: float
) -> tuple[list[Strand], float]:
    """Return the lines of a band, where the ink is densest, and their distance."""
    left, right = int(pieces.left[band].min()), int(pieces.right[band].max())
    top, bottom = int(pieces.top[band].min()), int(pieces.bottom[band].max())
    of_band = np.zeros(len(pieces.area) + 1, np.uint8)
    of_band[band] = 255
    ink = chosen(pieces.labels[top:bottom, left:right], of_band)
    found, pitch = _dense(pieces, band, ink, scale, usual)
    if usual:
        found = _with_letters(found, ink, left, top, usual)
    if len(found) < 2 and usual and len(rows := _bodies(ink, usual)) > 1:
        found, pitch = [_level(left, right, top + row) for row in rows], float(np.diff(rows).mean())
    return found or [_level(left, right, (top + bottom) / 2)], pitch


def _level(left: int, right: int, y: float) -> Strand:
    return Strand(np.array([left, right]), np.array([y, y]), 1.0)


def _dense(
    pieces: Components, band: Ints, ink: Pixels, scale: Scale, usual: float
) -> tuple[list[Strand], float]:
    """Return the lines that are apart by the ink's density, none for one line; their distance."""
    left, top = int(pieces.left[band].min()), int(pieces.top[band].min())
    whole = len(ink)
    high = _line_height(pieces, band)
    stacked = _stacked(pieces, band, high / 1.6, scale)
    is_low = whole < 1.06 * high and not _may_touch(pieces, band, usual)
    if not stacked and (is_low or whole < scale.px(3.5)):
        return [], high
    high = min(high, *(value for value in (stacked, usual) if value), high)
    pitch = _pitch(ink, 0.45 * high, scale) or high
    if whole <= 1.3 * pitch:
        return [], pitch
    pad = round(pitch)
    ink = np.pad(ink, ((pad, pad), (0, 0)))
    sharp = np.asarray(
        cv2.GaussianBlur(ink.astype(np.float32), (0, 0), scale.px(2.5), sigmaY=0.17 * pitch),
        np.float32,
    )
    broad = cv2.blur(sharp, (1, 2 * round(0.55 * pitch) + 1))
    dense = (sharp > 1.02 * broad) & (sharp > 0.06 * sharp.max())
    return _merged(_blobs(dense.astype(np.uint8), sharp, left, top - pad), pitch), pitch


def _bodies(ink: Pixels, usual: float) -> list[float]:
    """Return the rows, from the ink's top, where a line's letters have the most strokes.

    Strokes are counted, not ink: a letter's body has more ink at its top and bottom than between,
    but not more strokes. Rows of marks, heads and tails have too few to be taken for a line's
    middle; so have two rows of one line between them too many to be two lines.

    Args:
        ink: 255 where it is, of one band.
        usual: height of a written line, marks and tails included, px.
    """
    if ink.shape[0] < 1.2 * usual:
        return []
    pad = round(0.5 * usual)
    rows = _strokes(np.pad(ink, ((pad, pad), (0, 0))), usual)
    inner = rows[1:-1]
    peaks = 1 + np.flatnonzero((inner >= rows[:-2]) & (inner > rows[2:]))
    bodies: list[int] = []
    for peak in sorted(peaks.tolist(), key=lambda place: -rows[place]):
        if rows[peak] < max(FEWEST, BODY * rows.max()):
            break
        if all(abs(peak - other) >= CLOSEST * usual for other in bodies):
            bodies.append(peak)
    bodies.sort()
    apart = all(
        rows[one:two].min() <= BETWEEN * min(rows[one], rows[two])
        for one, two in itertools.pairwise(bodies)
    )
    return [peak - pad + 0.0 for peak in bodies] if apart else []


def _strokes(ink: Pixels, usual: float) -> Floats:
    """Return how many strokes each row of ink crosses, smoothed over a part of a line's height."""
    strokes = np.count_nonzero(ink[:, 1:] > ink[:, :-1], axis=1).astype(np.float64)
    smooth = cv2.GaussianBlur(strokes.reshape(-1, 1), (1, 0), sigmaX=0.1, sigmaY=0.09 * usual)
    return np.asarray(smooth, np.float64).reshape(-1)


def _with_letters(
    found: list[Strand], ink: Pixels, left: int, top: int, usual: float
) -> list[Strand]:
    """Return the lines without those that are the heads or tails of another's letters.

    Great capitals are dense at their heads; but where a line's letters stand, those of another
    have about as many strokes. Heads and tails do not come at even distances, as lines do.
    """
    gaps = np.diff([line.ys.mean() for line in found])
    if len(gaps) > 1 and gaps.min() >= max(EVEN * gaps.max(), ROOMY * usual):
        return found
    kept: list[Strand] = []
    for line in found:  # from top to bottom
        strongest = line
        while kept and (better := _one_line(kept[-1], strongest, ink, left, top, usual)):
            strongest = better
            kept.pop()
        kept.append(strongest)
    return kept


def _one_line(
    over: Strand, under: Strand, ink: Pixels, left: int, top: int, usual: float
) -> Strand | None:
    """Return the one of two lines that has letters where both run; None when both have."""
    first = max(0, round(max(over.xs[0], under.xs[0])) - left)
    last = round(min(over.xs[-1], under.xs[-1])) - left
    if last - first < usual:
        return None
    rows = _strokes(ink[:, first:last], usual)
    near = 0.15 * usual
    ys = [float(line.ys.mean()) - top for line in (over, under)]
    counts = [
        float(rows[max(0, round(y - near)) : round(y + near) + 1].max(initial=0.0)) for y in ys
    ]
    is_over = counts[0] > counts[1]
    beyond = len(ink) - ys[1] if is_over else ys[0]  # from the weaker to the edge of the ink
    apart = ys[1] - ys[0]  # as much as a whole line is high, and it may be a short word
    least = AT_EDGE if beyond < 0.45 * apart and apart < usual else BODY
    if min(counts) >= least * max(counts):
        return None
    return over if is_over else under


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


def _blobs(dense: Pixels, ink: npt.NDArray[np.float32], left: int, top: int) -> list[Strand]:
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
        strands.append(Strand(xs + left + x + 0.0, rows[xs] + top + y, float(mass.sum())))
    return strands


def _merged(strands: list[Strand], pitch: float) -> list[Strand]:
    """Return the strands joined along their lines, without those that are rows of marks."""
    lines: list[Strand] = []
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


def _misfit(line: Strand, strand: Strand) -> float:
    """Return how far above or below the line a strand runs; infinite where both run."""
    shared = min(line.xs[-1], strand.xs[-1]) - max(line.xs[0], strand.xs[0])
    length = min(line.xs[-1] - line.xs[0], strand.xs[-1] - strand.xs[0])
    if shared > 0.5 * length and not _has_room(line, strand):
        return float("inf")
    ys = [line.at(float(x)) for x in strand.xs[:: max(1, len(strand.xs) // 4)]]
    return abs(float(np.mean(ys)) - float(strand.ys.mean()))


def _has_room(line: Strand, strand: Strand) -> bool:
    """Tell whether the strand fills a gap of the line."""
    middle = (strand.xs[0] + strand.xs[-1]) / 2
    return bool(np.abs(line.xs - middle).min() > 0.4 * (strand.xs[-1] - strand.xs[0]))


def _joined(one: Strand, two: Strand) -> Strand:
    xs, ys = np.concatenate([one.xs, two.xs]), np.concatenate([one.ys, two.ys])
    order = np.argsort(xs, kind="stable")
    return Strand(xs[order], ys[order], one.mass + two.mass)


def _without_marks(lines: list[Strand], high: float) -> list[Strand]:
    kept: list[Strand] = []
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
