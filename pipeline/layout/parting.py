"""Part a piece of ink in which letters of several lines touch."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from pipeline.layout.components import Components
from pipeline.layout.strands import Strand

CORE = 0.22  # of the lines' distance, to either side of a line's middle: there it is its own


def part_piece(
    pieces: Components, number: int, strands: Sequence[Strand], pitch: float
) -> Components:
    """Return the pieces and after them, in the strands' order, the parts of one of them.

    A point belongs to the line whose letters are nearest along the ink: a tail is followed down
    to where it meets the letter below it, and not cut where the lower line may begin.

    Args:
        pieces: `labels` is changed in place.
        number: of the piece to be parted.
        strands: the lines that it joins.
        pitch: distance from line to line, px.
    """
    left, top = int(pieces.left[number]), int(pieces.top[number])
    right, bottom = int(pieces.right[number]), int(pieces.bottom[number])
    labels = pieces.labels[top:bottom, left:right]
    ink = (labels == number).astype(np.uint8)
    rows = np.arange(top, bottom)[:, None]
    columns = np.arange(left, right)
    away = [np.abs(rows - np.interp(columns, line.xs, line.ys)[None, :]) for line in strands]
    nearest = np.argmin(away, axis=0)
    parts = []
    for line, distance in enumerate(away):
        part = ink * (distance < CORE * pitch)
        # Only a mark of this line, that is: what is nearer to it than to any other.
        parts.append(part if part.any() else ink * (nearest == line))
    rest = cv2.subtract(ink, np.maximum.reduce(parts))
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    shapes = (cross, np.ones((3, 3), np.uint8))  # in turn: an octagon, near enough to a circle
    step = 0
    while rest.any():
        grown = [cv2.min(cv2.dilate(part, shapes[step % 2]), rest) for part in parts]
        if not any(part.any() for part in grown):
            break
        for place, new in enumerate(grown):
            new = cv2.min(new, rest)
            parts[place] = cv2.max(parts[place], new)
            rest = cv2.subtract(rest, new)
        step += 1
    return _with_parts(pieces, number, parts)


def _with_parts(pieces: Components, number: int, parts: Sequence[np.ndarray]) -> Components:
    left, top = int(pieces.left[number]), int(pieces.top[number])
    first = len(pieces.area)
    boxes = []
    for new, part in enumerate(parts, first):
        x, y, width, height = cv2.boundingRect(part)
        pieces.labels[top : top + part.shape[0], left : left + part.shape[1]][part > 0] = new
        boxes.append((left + x, top + y, left + x + width, top + y + height, int(part.sum())))
    more = np.array(boxes, np.int64).T
    return replace(
        pieces,
        left=np.append(pieces.left, more[0]),
        top=np.append(pieces.top, more[1]),
        right=np.append(pieces.right, more[2]),
        bottom=np.append(pieces.bottom, more[3]),
        area=np.append(pieces.area, more[4]),
        cell=np.append(pieces.cell, np.full(len(parts), pieces.cell[number])),
    )
