"""Small grey pictures of scans, for the screen: made by us, so that no foreign bytes are shown."""

import cv2

from pipeline.values import Pixels

VIEW_PX = 1600  # of the longer side: some 140 dpi of an A4 page
_QUALITIES = (80, 50, 20)
_MOST_BYTES = 600_000  # an answer of the child that opens foreign files is one line


def view_of(small: Pixels) -> bytes:
    """Return a picture as a JPEG of at most 600 kB; empty when it is too wild for that."""
    jpegs = (jpeg(small, quality) for quality in _QUALITIES)
    return next((view for view in jpegs if len(view) <= _MOST_BYTES), b"")


def shrunk(pixels: Pixels, most_px: int) -> Pixels:
    """Return a picture whose longer side has at most so many px."""
    scale = most_px / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype("uint8")


def jpeg(pixels: Pixels, quality: int = 80) -> bytes:
    """Return a picture as JPEG."""
    _done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data)
