"""Turn an engine's confidence into the share of such fields that are right.

The curves are data, fitted by `scripts/fit_field_calibration.py` on pages kept for tuning; without
the file confidence stays as it is.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from pipeline.settings import shipped
from pipeline.values import Script

Curve = tuple[tuple[float, float], ...]  # (confidence before, after), both rising
Calibration = Mapping[tuple[str, str], Curve]  # by kind and script
IDENTITY: Calibration = MappingProxyType({})
ANY = "*"


@cache
def shipped_calibration() -> Calibration:
    """Return the curves that come with the program; no curves when there are none."""
    file = shipped("ocr_models") / "vie" / "field_calibration.json"
    if not file.is_file():
        return IDENTITY
    kinds = json.loads(file.read_text(encoding="utf-8"))["kinds"]
    return {
        (kind, script): tuple((float(before), float(after)) for before, after in knots)
        for kind, scripts in kinds.items()
        for script, knots in scripts.items()
    }


def fitted(samples: Sequence[tuple[float, bool]], per_bin: int = 40) -> Curve:
    """Return the rising curve from confidence to the share that was right.

    Bins of equal size are merged until their shares rise (pool adjacent violators); each counts
    one right and one wrong more, so that a handful of lucky fields never earns certainty.
    """
    ranked = sorted(samples)
    blocks: list[tuple[float, float, float]] = []  # weight, sum of confidences, sum of rights
    for start in range(0, len(ranked), per_bin):
        part = ranked[start : start + per_bin]
        block = (float(len(part)), sum(c for c, _ok in part), float(sum(ok for _c, ok in part)))
        blocks.append(block)
        while len(blocks) > 1 and _share(blocks[-2]) >= _share(blocks[-1]):
            last, before = blocks.pop(), blocks.pop()
            blocks.append((last[0] + before[0], last[1] + before[1], last[2] + before[2]))
    return tuple((round(b[1] / b[0], 4), round(_share(b), 4)) for b in blocks)


def _share(block: tuple[float, float, float]) -> float:
    return (block[2] + 1) / (block[0] + 2)


def calibrated(calibration: Calibration, kind: str, script: Script, confidence: float) -> float:
    """Return the probability that a value is right, 0 to 1."""
    plain = min(1.0, max(0.0, confidence))
    for key in ((kind, script), (ANY, script), (kind, ANY), (ANY, ANY)):
        if key in calibration:
            return _interpolated(calibration[key], plain)
    return plain


def _interpolated(curve: Curve, confidence: float) -> float:
    places = [before for before, _after in curve]
    index = bisect_right(places, confidence)
    if index == 0:
        return curve[0][1]
    if index == len(curve):
        return curve[-1][1]
    (x0, y0), (x1, y1) = curve[index - 1], curve[index]
    return y0 + (y1 - y0) * (confidence - x0) / (x1 - x0)
