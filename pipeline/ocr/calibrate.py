"""From an engine's own opinion of a line to the probability that the whole line is right.

Engines rank their lines well and judge them badly. A curve for each reader and script, fitted on
lines whose truth is known (`scripts/fit_calibration.py`), says how often lines of that opinion
are right; the curves are data, `ocr_models/vie/calibration.json`.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.settings import shipped
from pipeline.values import Alternative, Line

Floats = npt.NDArray[np.float64]

MAX_KNOTS = 16
MIN_IN_KNOT = 20  # lines that a knot must stand for


class Curve(NamedTuple):
    """A rising line through knots: an engine's opinion, and how often it is right then."""

    raw: Floats
    right: Floats


@cache
def load_curves() -> dict[tuple[str, str], Curve]:
    """Return the curves that come with the program, by reader (`Engine.reader`) and script."""
    file = shipped("ocr_models") / "vie" / "calibration.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    return {
        (entry["reader"], entry["script"]): Curve(
            np.asarray(entry["raw"], np.float64), np.asarray(entry["right"], np.float64)
        )
        for entry in data["curves"]
    }


def calibrate(line: Line, reader: str) -> Line:
    """Return the line with probabilities instead of its reader's opinions.

    A line on which nothing is written, and one of a reader without a curve, stays as it is.
    """
    curve = load_curves().get((reader, line.script))
    if curve is None or not line.text:
        return line
    sure = likely(line.confidence, curve)
    return replace(
        line,
        confidence=sure,
        alternatives=_shared(line.alternatives, line.confidence, sure),
    )


def likely(raw: float, curve: Curve) -> float:
    """Return how often lines of that opinion are right."""
    return float(np.interp(raw, curve.raw, curve.right))


def _shared(others: tuple[Alternative, ...], raw: float, sure: float) -> tuple[Alternative, ...]:
    """Return the other readings; with the text itself they come to 1 at most."""
    total = sum(other.confidence for other in others)
    if total <= 0 or raw <= 0:
        return others
    factor = min(sure / raw, (1 - sure) / total)
    return tuple(Alternative(text, confidence * factor) for text, confidence in others)


def fit(raw: Sequence[float], right: Sequence[bool]) -> Curve:
    """Return the rising curve that fits lines best: isotonic regression in few knots.

    Args:
        raw: the engine's opinions, 0 to 1.
        right: whether those lines were wholly right.
    """
    order = np.argsort(raw, kind="stable")
    opinions, hits = np.asarray(raw, np.float64)[order], np.asarray(right, np.float64)[order]
    knots = max(1, min(MAX_KNOTS, len(opinions) // MIN_IN_KNOT))
    parts = [part for part in np.array_split(np.arange(len(opinions)), knots) if len(part)]
    middles = np.array([opinions[part].mean() for part in parts])
    # One right and one wrong line more than seen: no curve says never or always.
    shares = np.array([(hits[part].sum() + 0.5) / (len(part) + 1) for part in parts])
    return Curve(middles, _rising(shares, np.array([len(part) for part in parts])))


def _rising(values: Floats, weights: npt.NDArray[np.int64]) -> Floats:
    """Return the nearest values that never fall: neighbours that do are pooled."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pools.append((value, float(weight), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (first, left, few), (second, right, more) = pools[-2:]
            pooled = (first * left + second * right) / (left + right)
            pools[-2:] = [(pooled, left + right, few + more)]
    return np.array([mean for mean, _weight, count in pools for _knot in range(count)])


def calibration_error(told: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Return the expected calibration error: mean distance of told from true, by bin."""
    opinions, hits = np.asarray(told, np.float64), np.asarray(right, np.float64)
    place = np.minimum((opinions * bins).astype(int), bins - 1)
    gaps = [
        abs(opinions[place == index].sum() - hits[place == index].sum()) for index in range(bins)
    ]
    return float(sum(gaps) / max(1, len(opinions)))
