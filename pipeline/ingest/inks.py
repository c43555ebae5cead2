"""Part red ink from the rest of a page: seals fade away, later notes in red stand by themselves.

Red ink stops green light and lets red light pass, while black and blue ink stop red light: by
their densities (the logarithm of the paper's light over the ink's) both can be told where they
lie one over the other (Ruifrok and Johnston 2001, for two inks). Rules and whole pages in red stay
as they are. Runs in the limited child, and only where a picture has any red.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from pipeline.connected import connected
from pipeline.values import Pixels

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

MM_PER_INCH = 25.4
WHITE = 255
SMALL_DPI = 150.0  # at which pieces of red ink are told from one another
DENSITY = 60.0  # of the scale: 60 lets one part in e through, 255 one in 70
RED, SHARE = 8, 0.6  # how much denser to green light, and how dense to red light beside that
FIRM = 11  # likewise, somewhere in each piece: paler ones are the paper's own colour
STRONG = 50  # density to green light of ink that tells its own colour
USUAL = 0.2  # density of red ink to red light, beside that to green light
OTHERS = 0.9  # density of black and blue ink to green light, beside that to red light
SEAL_MM, RIM, RING = (18.0, 55.0), (0.86, 1.0), 0.6  # of seals: size, where the ring is, how whole
JOIN_MM, RING_GAP_MM = 1.2, 5.0  # strokes this close are of one word, and of one seal
RULE_MM = (1.0, 15.0)  # of rules and borders in red: no thicker, and longer
WORD_MM = 14.0  # height of writing; higher pieces are borders
SPECK_MM2 = 0.3
MOST = 0.35  # of the page's ink: more red writing is the page's own


class Parted(NamedTuple):
    """A page in two: grey without red seals and notes; the red writing dark on white, if any."""

    grey: Pixels
    red: Pixels | None


def part_inks(picture: Image.Image, dpi: float) -> Parted | None:
    """Return a picture in two, same size; None where no seal and no note in red is on it."""
    rgb = np.asarray(picture.convert("RGB"))
    scale = min(1.0, SMALL_DPI / dpi)
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    paper = _paper_of(small, dpi * scale)
    to_red, to_green = (_density(small[..., band], paper[..., band]) for band in (0, 1))
    redness = cv2.blur(to_green - to_red, (3, 3))
    mask = ((redness > RED) & (to_red < SHARE * to_green)).astype(np.uint8)
    seals, words = _seals_and_words(mask, redness > FIRM, dpi * scale / MM_PER_INCH)
    if (mask * words).sum() > MOST * (np.maximum(to_red, to_green) > RED).sum():
        words[:] = 0
    if not seals.any() and not words.any():
        return None
    ink = (mask > 0) & (to_green > STRONG)
    passed = float(np.median(to_red[ink] / to_green[ink])) if ink.any() else USUAL
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    red = np.full_like(grey, WHITE) if words.any() else None
    rim = np.ones((3, 3), np.uint8)  # the blur of strokes
    where = np.asarray(cv2.dilate(seals | words, rim), np.uint8)
    for box, own in _pieces(where, 0.0):
        _part(box, own, rgb, paper, passed, grey)
        if red is not None:
            is_word = own & (cv2.dilate(words[box], rim) > 0)
            _part(box, is_word, rgb, paper, passed, red, alone=True)
    return Parted(grey, red)


def _part(
    small: tuple[slice, slice],
    own: Flags,
    rgb: Pixels,
    paper: Pixels,
    passed: float,
    target: Pixels,
    *,
    alone: bool = False,
) -> None:
    """Put one piece into the target, in place: without its red ink, or the red ink alone.

    Args:
        small: its box in px of `paper`, which may be smaller than `rgb`.
        own: where in the box it is.
        passed: density of the red ink to red light, beside that to green light.
    """
    across, down = (full / part for full, part in zip(rgb.shape[1::-1], paper.shape[1::-1],
                                                      strict=True))  # fmt: skip
    box = (
        slice(int(small[0].start * down), int(small[0].stop * down)),
        slice(int(small[1].start * across), int(small[1].stop * across)),
    )
    part = rgb[box]
    size = part.shape[1::-1]
    ground = np.asarray(cv2.resize(paper[small], size, interpolation=cv2.INTER_LINEAR), np.uint8)
    there = cv2.resize(own.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    to_red, to_green = (_density(part[..., band], ground[..., band]) for band in (0, 1))
    rest = np.maximum(0, (to_red - passed * to_green) / (1 - passed * OTHERS))
    if alone:
        light = WHITE * np.exp(-np.maximum(0, to_green - OTHERS * rest) / DENSITY)
    else:
        light = cv2.cvtColor(ground, cv2.COLOR_RGB2GRAY) * np.exp(-rest / DENSITY)
    target[box][there] = light.astype(np.uint8)[there]


def _paper_of(rgb: Pixels, dpi: float) -> Pixels:
    """Return the colour of the paper under the ink, same shape."""
    step = max(1, round(0.7 * dpi / MM_PER_INCH))
    size = (max(1, rgb.shape[1] // step), max(1, rgb.shape[0] // step))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    closed = cv2.morphologyEx(
        small, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8), borderType=cv2.BORDER_REPLICATE
    )
    smooth = cv2.GaussianBlur(closed, (0, 0), 3.0)
    return np.asarray(
        cv2.resize(smooth, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8
    )


def _density(band: Pixels, paper: Pixels) -> Floats:
    """Return how dense the ink is to one colour of light: 0 on paper, 60 where 1/e passes."""
    light = cv2.divide(band, np.maximum(paper, 1), scale=255.0)
    steps = np.arange(256, dtype=np.float32)
    table = -DENSITY * np.log(np.maximum(steps, 1) / 255)
    return np.asarray(table[light], np.float32)


def _seals_and_words(mask: Pixels, firm: Flags, px_mm: float) -> tuple[Pixels, Pixels]:
    """Return where red seals are, whole, and where red writing is; in px of the mask.

    Args:
        firm: where ink is red without doubt.
    """
    seals, words = np.zeros_like(mask), np.zeros_like(mask)
    for box, own in _pieces(mask, RING_GAP_MM * px_mm):
        if firm[box][own].any() and _is_seal(mask[box], px_mm):
            (top, left), (height, width) = (part.start for part in box), own.shape
            middle = (left + width // 2, top + height // 2)
            cv2.ellipse(seals, middle, (width // 2 + 1, height // 2 + 1), 0, 0, 360, 1, -1)
    for box, own in _pieces(np.where(seals > 0, 0, mask).astype(np.uint8), JOIN_MM * px_mm):
        if firm[box][own].any() and _is_writing(own, px_mm):
            words[box][own] = 1
    return seals, words


def _pieces(mask: Pixels, apart: float) -> Iterator[tuple[tuple[slice, slice], Flags]]:
    """Yield the box of each piece of ink, and where the piece is in it."""
    side = 2 * round(apart / 2) + 1
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    labels, boxes, _centres = connected(joined)
    for number in range(1, len(boxes)):
        left, top, width, height, _area = boxes[number].tolist()
        box = slice(top, top + height), slice(left, left + width)
        yield box, labels[box] == number


def _is_seal(mask: Pixels, px_mm: float) -> bool:
    """Tell whether a piece of red ink has the size and the ring of a seal."""
    height, width = mask.shape
    least, most = (mm * px_mm for mm in SEAL_MM)
    if not (least <= min(width, height) and max(width, height) <= min(most, 1.4 * min(mask.shape))):
        return False
    angles = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    hit = np.zeros(360, np.bool_)
    for share in np.linspace(*RIM, 8):
        xs = width / 2 + share * width / 2 * np.cos(angles)
        ys = height / 2 + share * height / 2 * np.sin(angles)
        hit |= mask[ys.astype(int).clip(0, height - 1), xs.astype(int).clip(0, width - 1)] > 0
    return bool(hit.mean() >= RING)


def _is_writing(own: Flags, px_mm: float) -> bool:
    """Tell whether a piece of red ink is neither dirt nor a rule or a border."""
    height, width = own.shape
    thin, long = (mm * px_mm for mm in RULE_MM)
    is_rule = min(width, height) <= thin and max(width, height) >= long
    return bool(own.sum() >= SPECK_MM2 * px_mm**2 and not is_rule and height <= WORD_MM * px_mm)
