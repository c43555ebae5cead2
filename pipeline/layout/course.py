"""Where a rule passes, told by its knots."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def passes(x: float, xs: Floats, ys: Floats) -> float:
    """Return what `np.interp` does; for one x among a few knots that takes four times as long."""
    knot = int(xs.searchsorted(x, side="right")) - 1
    if knot < 0 or knot == len(xs) - 1:
        return float(ys[max(knot, 0)])
    x0, y0 = float(xs[knot]), float(ys[knot])
    return (float(ys[knot + 1]) - y0) / (float(xs[knot + 1]) - x0) * (x - x0) + y0
