"""Turn an engine's confidence into the share of such fields that are right.

The curves are data, fitted by `scripts/fit_field_calibration.py` on pages kept for tuning; without
the file confidence stays as it is.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from types import MappingProxyType

import numpy as np

from pipeline.settings import shipped
from pipeline.values import Script

Curve = tuple[tuple[float, float], ...]  # (confidence before, after), both rising
Calibration = Mapping[tuple[str, str], Curve]  # by kind and script
Block = tuple[float, float, float]  # how many, sum of their confidences, how many right
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
    blocks: list[Block] = []
    for block in _bins(samples, per_bin):
        blocks.append(block)
        while len(blocks) > 1 and _share(blocks[-2]) >= _share(blocks[-1]):
            last, before = blocks.pop(), blocks.pop()
            blocks.append(_together(before, last))
    return tuple((round(b[1] / b[0], 4), round(_share(b), 4)) for b in blocks)


def _bins(samples: Sequence[tuple[float, bool]], per_bin: int) -> Iterator[Block]:
    """Yield bins of rising confidence; equal confidences are never parted."""
    full: Block = (0.0, 0.0, 0.0)
    for _confidence, same in groupby(sorted(samples), key=lambda sample: sample[0]):
        part = list(same)
        count = float(len(part))
        right = float(sum(is_right for _each, is_right in part))
        full = _together(full, (count, count * part[0][0], right))
        if full[0] >= per_bin:
            yield full
            full = (0.0, 0.0, 0.0)
    if full[0]:
        yield full


def _together(one: Block, other: Block) -> Block:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2])


def _share(block: Block) -> float:
    return (block[2] + 1) / (block[0] + 2)


def calibrated(calibration: Calibration, kind: str, script: Script, confidence: float) -> float:
    """Return the probability that a value is right, 0 to 1."""
    plain = min(1.0, max(0.0, confidence))
    for key in ((kind, script), (ANY, script), (kind, ANY), (ANY, ANY)):
        if key in calibration:
            before, after = zip(*calibration[key], strict=True)
            return float(np.interp(plain, before, after))
    return plain
