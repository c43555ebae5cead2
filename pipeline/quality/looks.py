"""Whether a page was scanned twice: a hash of where its writing stands."""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.quality.ink import Ink

Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int16]

LOOK_SHAPE = (88, 64)  # rows, columns of cells over the page; a row fits 64 bits
LOOK_STEP = 0.02  # share of ink by which a cell must exceed its neighbourhood
BLOCKS = (8, 4)  # rows, columns of blocks of cells
LEAST_CELLS = 4  # set in a block, for it to say anything
MOST_MOVED = 2  # cells, some 7 mm on A4
BLOCKS_ALIKE = 0.9  # so many blocks must be alike, a stamp or a finger may hide the others
SAME_LOOK = 0.28  # share of a block's bits that differ between two scans of one page, at most
_LOOK_LETTERS = LOOK_SHAPE[0] * LOOK_SHAPE[1] // 4


def look_of(ink: Ink) -> str:
    """Return the difference hash of a page's ink, hex: where there is more of it than around.

    Ink instead of grey levels, so that light and paper do not count.
    """
    rows, columns = LOOK_SHAPE
    # Blurred over a cell: at a quarter of the size that is the same, at 4 CPU ms instead of 300.
    small = cv2.resize(
        ink.inside.astype(np.float32) / 255, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA
    )
    share = cv2.GaussianBlur(small, (0, 0), small.shape[1] / columns)
    cells = cv2.resize(share, (columns, rows), interpolation=cv2.INTER_AREA)
    more = cells > cv2.GaussianBlur(cells, (0, 0), 3.0) + LOOK_STEP
    return np.packbits(more).tobytes().hex()


def is_duplicate(look: str, other: str) -> bool:
    """Say whether two looks are of the same page; pages without a look are nobody's double.

    Two entries on the same printed form agree in most places. So the looks are compared block by
    block, each in its best position (a page put down again lies a little elsewhere, and askew):
    in a double, hardly a block differs; the entries of a form differ where something was written.
    """
    if len(look) != _LOOK_LETTERS or len(other) != _LOOK_LETTERS:
        return False
    rows, here = _still(look)
    is_written = here >= LEAST_CELLS
    if not is_written.any():
        return False
    moved, moved_counts = _moved(other)
    apart = _counts(rows ^ moved) / np.maximum(here + moved_counts, 1)
    return _quantile(apart.min(axis=0)[is_written], BLOCKS_ALIKE) <= SAME_LOOK


def _quantile(values: npt.NDArray[np.float64], share: float) -> float:
    """Return what `numpy.quantile` does, which needs longer than all the rest here."""
    ordered = np.sort(values)
    place = share * (ordered.size - 1)
    below = int(place)
    above = min(below + 1, ordered.size - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def _rows(look: str) -> Words:
    return np.frombuffer(bytes.fromhex(look), dtype=">u8").astype(np.uint64)


@lru_cache(maxsize=4)
def _still(look: str) -> tuple[Words, Counts]:
    """Return a look as it is, and its counts; one look is compared with many."""
    rows = _by_block(_rows(look))
    return rows, _counts(rows)


@lru_cache(maxsize=4096)
def _moved(look: str) -> tuple[Words, Counts]:
    """Return a look in all positions that are tried, and its counts in each."""
    rows = _rows(look)
    tried = range(-MOST_MOVED, MOST_MOVED + 1)
    aside = np.stack([rows << np.uint64(by) if by >= 0 else rows >> np.uint64(-by) for by in tried])
    moved = np.zeros((len(tried), *aside.shape), np.uint64)
    for index, down in enumerate(tried):
        moved[index, :, max(0, down) : rows.size + min(0, down)] = aside[
            :, max(0, -down) : rows.size - max(0, down)
        ]
    flat = _by_block(moved.reshape(-1, rows.size))
    return flat, _counts(flat)


def _by_block(rows: Words) -> Words:
    """Return rows so that those of one place in their blocks come together: quicker to add up."""
    down = LOOK_SHAPE[0] // BLOCKS[0]
    return np.ascontiguousarray(rows.reshape(*rows.shape[:-1], BLOCKS[0], down).swapaxes(-1, -2))


def _counts(rows: Words) -> Counts:
    """Return how many bits are set in each block, for one look or for a stack of them."""
    # A row is four blocks wide; which of them comes first does not matter, if it is always that.
    quarters = np.bitwise_count(rows.view(np.uint16))
    return np.asarray(np.add.reduce(quarters, axis=-2, dtype=np.int16), np.int16)
