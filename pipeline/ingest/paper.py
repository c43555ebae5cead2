"""How large the paper is: a scan's dpi from what its file declares, else from its shape."""

import math

A4_IN = (210 / 25.4, 297 / 25.4)
A3_SPREAD_IN = (420 / 25.4, 297 / 25.4)
SPREAD_SHAPE = 1.2  # wider than this for its height: an open book, two A4 pages
LEAST_DPI, MOST_DPI = 70.0, 1300.0
ALIKE = 0.03  # axes may differ by rounding to whole dots per centimetre
SCREEN_DPI = 150.0  # below it a tag is often a default (72, 96) that nobody measured
LONGEST_IN = 24.0  # an A2 sheet; a "72 dpi" phone photo would be a metre and a half


def settle_dpi(
    declared: tuple[float, float] | None, width_px: int, height_px: int
) -> tuple[float, bool]:
    """Return the dpi of an upright scan and whether it had to be assumed.

    Args:
        declared: what the file says, across and down; None when it says nothing.
        width_px: as a viewer shows the scan, likewise `height_px`.
    """
    if declared is not None and _is_plausible(declared, width_px, height_px):
        return (declared[0] + declared[1]) / 2, False
    sheet = A3_SPREAD_IN if width_px > SPREAD_SHAPE * height_px else A4_IN
    return math.sqrt(width_px * height_px / (sheet[0] * sheet[1])), True


def _is_plausible(declared: tuple[float, float], width_px: int, height_px: int) -> bool:
    across, down = declared
    if not (LEAST_DPI <= across <= MOST_DPI and LEAST_DPI <= down <= MOST_DPI):  # also NaN
        return False
    if abs(across - down) > ALIKE * across:
        return False
    return across >= SCREEN_DPI or max(width_px, height_px) / across <= LONGEST_IN
