"""Measure the skew of pages with other programs, for bench_deskew.py, in their own environment.

Reads one file name (an .npy of grey pixels) a line, writes for each one line of JSON: for each
tool its answer (positive: text lines fall to the right) and its CPU seconds.
"""

import ctypes
import ctypes.util
import json
import sys
import time
from collections.abc import Callable

import cv2
import deskew
import numpy as np
from jdeskew.estimator import get_angle

LEPTONICA = ctypes.CDLL(ctypes.util.find_library("lept") or "liblept.so.5")
REDUCTION, SEARCH_REDUCTION, SWEEP_STEP_DEG, SMALLEST_DEG = 4, 2, 1.0, 0.01  # its own defaults

for _name in ("pixCreate", "pixGetData"):
    getattr(LEPTONICA, _name).restype = ctypes.c_void_p


def leptonica_page(pixels: np.ndarray) -> ctypes.c_void_p:
    """Return the page as Leptonica's 1-bit picture, cut at Otsu's threshold."""
    _, light = cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    height, width = pixels.shape
    page = ctypes.c_void_p(LEPTONICA.pixCreate(width, height, 1))
    words = -(-width // 32)
    rows = np.zeros((height, words * 4), np.uint8)
    packed = np.packbits(light == 0, axis=1)
    rows[:, : packed.shape[1]] = packed
    swapped = rows.view(">u4").astype("<u4")
    data = LEPTONICA.pixGetData(page)
    ctypes.memmove(ctypes.c_void_p(data), swapped.ctypes.data, swapped.nbytes)
    return page


def sweep(pixels: np.ndarray) -> float:
    """Return the answer of pixFindSkewSweepAndSearch over 45 degrees to both sides."""
    page, angle, trust = leptonica_page(pixels), ctypes.c_float(), ctypes.c_float()
    LEPTONICA.pixFindSkewSweepAndSearch(
        page, ctypes.byref(angle), ctypes.byref(trust), REDUCTION, SEARCH_REDUCTION,
        ctypes.c_float(45.0), ctypes.c_float(SWEEP_STEP_DEG), ctypes.c_float(SMALLEST_DEG),
    )  # fmt: skip
    LEPTONICA.pixDestroy(ctypes.byref(page))
    return -angle.value


def find_skew(pixels: np.ndarray) -> float:
    """Return the answer of pixFindSkew, which looks 7 degrees far."""
    page, angle, trust = leptonica_page(pixels), ctypes.c_float(), ctypes.c_float()
    LEPTONICA.pixFindSkew(page, ctypes.byref(angle), ctypes.byref(trust))
    LEPTONICA.pixDestroy(ctypes.byref(page))
    return -angle.value


def jdeskew_2048(pixels: np.ndarray) -> float:
    """Return jdeskew's answer at the size its authors publish."""
    return float(get_angle(pixels, vertical_image_shape=2048, angle_max=45.0))


def small_deskew(pixels: np.ndarray, step_deg: float) -> float:
    """Return deskew's answer, on 1000 px since a whole page takes seconds."""
    scale = min(1.0, 1000 / max(pixels.shape))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return float(deskew.determine_skew(small, min_deviation=step_deg) or 0.0)


TOOLS: dict[str, Callable[[np.ndarray], float]] = {
    "Leptonica, sweep ±45": sweep,
    "Leptonica pixFindSkew": find_skew,
    "jdeskew, height 2048": jdeskew_2048,
    "deskew, 1000 px, defaults": lambda pixels: small_deskew(pixels, 1.0),
    "deskew, 1000 px, step 0.1": lambda pixels: small_deskew(pixels, 0.1),
}


def main() -> None:
    cv2.setNumThreads(1)
    for name in sys.stdin:
        pixels = np.load(name.strip())
        answers = {}
        for tool, measure in TOOLS.items():
            start = time.process_time()
            answers[tool] = (measure(pixels), time.process_time() - start)
        print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    main()
