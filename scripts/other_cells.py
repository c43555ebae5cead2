"""Find the cells of pages with other programs, for bench_layout.py, in their own environment.

Reads one file name (an .npy of grey pixels) a line, writes for each one line of JSON: for each
tool its cells' boxes (left, top, right, bottom) and its CPU seconds.
"""

import json
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from img2table.document import Image

Boxes = list[list[int]]
LEAST_RUN = 40  # rules are at least this part of the page's side
LEAST_SIDE_PX = 20


def morphology(pixels: np.ndarray) -> Boxes:
    """Return the white areas between long straight runs, as recipes on the web do."""
    dark = cv2.adaptiveThreshold(
        pixels, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12
    )
    height, width = pixels.shape
    flat = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, width // LEAST_RUN), np.uint8))
    tall = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((height // LEAST_RUN, 1), np.uint8))
    rules = cv2.dilate(flat | tall, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(255 - rules, connectivity=4)
    return [
        [int(x), int(y), int(x + w), int(y + h)]
        for x, y, w, h, area in stats[1:]
        if min(w, h) > LEAST_SIDE_PX and w * h < 0.3 * width * height and area > 0.5 * w * h
    ]


def img2table(pixels: np.ndarray) -> Boxes:
    """Return the cells of img2table's ruled tables; its rotation detection is off by default."""
    png = cv2.imencode(".png", pixels)[1].tobytes()
    found = set()
    for table in Image(src=png).extract_tables():
        for row in table.content.values():
            found |= {(c.bbox.x1, c.bbox.y1, c.bbox.x2, c.bbox.y2) for c in row}
    return [list(map(int, box)) for box in found]


TOOLS: dict[str, Callable[[np.ndarray], Boxes]] = {
    "OpenCV morphology": morphology,
    "img2table": img2table,
}


def main() -> None:
    cv2.setNumThreads(1)
    for name in sys.stdin:
        pixels = np.load(name.strip())
        answers = {}
        for tool, find in TOOLS.items():
            start = time.process_time()
            answers[tool] = (find(pixels), time.process_time() - start)
        print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    main()
