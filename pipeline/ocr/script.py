"""Tell how a line was put on the paper: printed, typed or by hand.

Print sets its letters on one straight line, in few heights and strokes; a typewriter besides
gives every letter the same room. The features say how far a line does so; the weights are data
(`ocr_models/vie/script.json`), made by `scripts/train_script_classifier.py`.
"""

import json
import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import connected
from pipeline.ocr.crops import Ink, find_ink
from pipeline.settings import shipped
from pipeline.values import Pixels, Script

Floats = npt.NDArray[np.float64]

SCRIPTS: tuple[Script, ...] = ("print", "typewriter", "handwriting")
FEATURES = (
    "letters", "foot", "foot_share", "tops", "heights", "widths", "wide", "stroke", "stroke_spread",
    "upright", "level", "slant", "pitch", "pitch_size", "gaps", "grey", "fill",
)  # fmt: skip
HEIGHT_PX = 64  # lines are looked at in one size, so that px mean the same
PITCHES = np.linspace(0.45, 1.6, 116)  # room of a typed letter, in letter heights
STRAIGHT = math.tan(math.radians(4))  # slope of a stroke that counts as upright or level
HEAD_ROWS = 3  # a table's printed head has at most so many rows
BODY_WEIGHT = 3.0  # what all entries of a page say of one line, against what it says itself


class Weights(NamedTuple):
    """A small network: features → hidden units → one score a script."""

    mean: Floats
    spread: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats


@cache
def load_weights() -> Weights:
    """Return the weights that come with the program."""
    file = shipped("ocr_models") / "vie" / "script.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    return Weights(*(np.asarray(data[name], np.float64) for name in Weights._fields))


def tell_script(ink: Ink | None) -> tuple[Script, float]:
    """Return the script of a line and the probability that it is that one.

    A line that mixes a printed label and handwriting counts as handwriting.
    """
    return tell_scripts([ink], [None])[0]


def tell_scripts(
    inks: Sequence[Ink | None], cells: Sequence[tuple[int, int] | None]
) -> list[tuple[Script, float]]:
    """Return the script of each line of a page, and how probable it is.

    A page's entries are mostly written in one way, and “25” alone says little about which: what
    all entries say together weighs on each of them.

    Args:
        inks: what is written in the lines, as `crops.inks_of` finds it.
        cells: (row, column) in which each stands; None outside tables.
    """
    opinions = np.log([_opinion(ink) for ink in inks]) if inks else np.zeros((0, len(SCRIPTS)))
    in_body = np.array([cell is not None and cell[0] > HEAD_ROWS for cell in cells], np.bool_)
    if in_body.sum() > 1:
        opinions[in_body] += BODY_WEIGHT * opinions[in_body].mean(axis=0)
    return [_best(line) for line in opinions]


def _opinion(ink: Ink | None) -> Floats:
    """Return the probability of each script for one line by itself; never quite 0."""
    found = None if ink is None else _features(ink)
    if found is None:
        return np.full(len(SCRIPTS), 1 / len(SCRIPTS))
    return judge(found, load_weights()) + 1e-3


def _best(log_odds: Floats) -> tuple[Script, float]:
    shares = np.exp(log_odds - log_odds.max())
    best = int(np.argmax(shares))
    return SCRIPTS[best], float(shares[best] / shares.sum())


def judge(found: Floats, weights: Weights) -> Floats:
    """Return the probability of each script for the features of a line (or of many)."""
    centred = np.clip((found - weights.mean) / weights.spread, -4, 4)
    hidden = np.tanh(centred @ weights.hidden + weights.hidden_bias)
    scores = hidden @ weights.out + weights.out_bias
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=-1, keepdims=True), np.float64)


class _Letters(NamedTuple):
    """Connected pieces of ink that may be letters, px of the line at HEIGHT_PX."""

    left: Floats
    top: Floats
    width: Floats
    height: Floats

    @property
    def foot(self) -> Floats:
        return self.top + self.height

    @property
    def middle(self) -> Floats:
        return self.left + self.width / 2


def features(crop: Pixels) -> Floats | None:
    """Return what FEATURES names, in that order; None for a line without ink."""
    ink = find_ink(crop)
    return None if ink is None else _features(ink)


def _features(ink: Ink) -> Floats | None:
    height, width = ink.pixels.shape
    factor = HEIGHT_PX / height
    size = (max(8, min(4000, round(width * factor))), HEIGHT_PX)
    pixels = np.asarray(cv2.resize(ink.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    mask = (pixels < 150).astype(np.uint8)
    letters = _find_letters(mask)
    if letters is None:
        return None
    unit = _median(letters.height)
    return np.array(
        [
            *_setting(letters, unit),
            *_strokes(pixels, mask, unit),
            *_pitch(letters, unit),
            cv2.meanStdDev(pixels, mask=mask)[1].item() / 50,
            cv2.countNonZero(mask) / mask.size,
        ]
    )


def _find_letters(mask: npt.NDArray[np.uint8]) -> _Letters | None:
    """Return the pieces that are neither marks nor dots; None when there are none."""
    _parts, stats, _centres = connected(mask)
    pieces = stats[1:].astype(np.float64)
    pieces = pieces[pieces[:, cv2.CC_STAT_AREA] >= 12]
    if not len(pieces):
        return None
    high = pieces[:, cv2.CC_STAT_HEIGHT]
    pieces = pieces[high >= 0.5 * np.percentile(high, 75)]
    pieces = pieces[np.argsort(pieces[:, cv2.CC_STAT_LEFT], kind="stable")]
    return _Letters(*pieces[:, :4].T)


def _setting(letters: _Letters, unit: float) -> list[float]:
    """Return how the letters stand: on one line, in how many heights and widths."""
    foot = _off_line(letters.middle, letters.foot) / unit
    tops = _off_line(letters.middle, letters.top) / unit
    ratio = np.sort(letters.height / unit)
    return [
        float(np.log(len(letters.left))),
        _median(np.abs(foot)),
        float((np.abs(foot) < 0.06).mean()),
        float((np.abs(tops) < 0.06).mean()),
        _median(np.diff(ratio)) * 10 if len(ratio) > 1 else 0.0,
        float(np.std(np.minimum(letters.width / unit, 3))),
        float((letters.width > 1.8 * unit).mean()),
    ]


def _off_line(x: Floats, y: Floats) -> Floats:
    """Return how far the points lie off the straight line through most of them."""
    if len(x) < 3:
        return y - _median(y)
    runs, rises = x[None, :] - x[:, None], y[None, :] - y[:, None]
    far = np.triu(np.abs(runs) > 0.3 * (x[-1] - x[0]) + 1, 1)
    if not far.any():
        return y - _median(y)
    rest = y - _median(rises[far] / runs[far]) * x
    return np.asarray(rest - _median(rest), np.float64)


def _median(values: Floats) -> float:
    """Return the median; for a few dozen numbers NumPy's own takes four times as long."""
    ranked = np.sort(values)
    middle = len(ranked) // 2
    return float(ranked[middle] + ranked[-middle - 1]) / 2


def _strokes(pixels: Pixels, mask: npt.NDArray[np.uint8], unit: float) -> list[float]:
    """Return how thick the strokes are, how evenly, and which way they run."""
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    ridge = depth[(depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8))) & (mask > 0)]
    across = cv2.Sobel(pixels, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(pixels, cv2.CV_32F, 0, 1)
    strength = cv2.magnitude(across, down)
    edge = strength > 150
    weight, across, down = strength[edge], across[edge], down[edge]
    total = float(weight.sum()) + 1e-6
    # Angles are compared by their tangents; the angle itself is worked out where it is summed.
    flat, steep = np.abs(across), np.abs(down)
    near = steep < flat
    upright = weight[near]
    slants = np.degrees(np.arctan(down[near] / across[near]))
    mean_slant = float((slants * upright).sum() / (upright.sum() + 1e-6))
    return [
        float(2 * ridge.mean()) / unit,
        float(ridge.std() / ridge.mean()),
        float(weight[steep < STRAIGHT * flat].sum()) / total,
        float(weight[flat < STRAIGHT * steep].sum()) / total,
        mean_slant / 10,
    ]


def _pitch(letters: _Letters, unit: float) -> list[float]:
    """Return how well one pitch fits all letters, that pitch, and the spread of the gaps."""
    steps = np.diff(letters.middle) / unit
    steps = steps[steps > 0.2]
    if len(steps) < 2:
        return [0.0, 0.0, 0.0]
    turns = np.exp(2j * np.pi * steps[:, None] / PITCHES)
    mean = turns.mean(axis=0)
    fit = np.abs(mean) * (mean.real > 0)
    best = int(np.argmax(fit))
    return [float(fit[best]), float(PITCHES[best]), float(np.std(np.minimum(steps, 3)))]
