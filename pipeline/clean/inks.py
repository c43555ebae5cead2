"""The red ink of a page, brought to where the page lies once it is upright, level and straight."""

from dataclasses import replace

import cv2
import numpy as np

from pipeline.clean.dewarp import straighten
from pipeline.values import PageImage

WHITE = 255
INKED = 160  # light of a stroke, at most


def red_of(side: PageImage) -> PageImage | None:
    """Return what is written in red on a side, in its px; None where nothing is."""
    if side.red is None:
        return None
    height, width = side.pixels.shape
    pixels = cv2.warpPerspective(
        side.red.pixels,
        np.linalg.inv(side.red.to_scan) @ side.to_scan,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderValue=WHITE,
    )
    if pixels.min() > INKED:
        return None
    level = replace(side, pixels=np.asarray(pixels, np.uint8), bend=None, red=None)
    return level if side.bend is None else straighten(level, side.bend)
