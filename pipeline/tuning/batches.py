"""Batches of strips for training: drawn by chance, bent and blotted anew each time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.tuning.steps import STEP_PX, least_steps
from pipeline.values import Pixels

Grey = npt.NDArray[np.float32]  # shape (height, width), 0 is black and 1 is white

POOL = 24  # batches that are drawn at once, so that strips of about one width share one
ROOM = 8  # px of paper that every strip has on its right


@dataclass(frozen=True, slots=True)
class Batch:
    """Strips (batch, 1, height, width), and what they say as classes, all in a row."""

    pixels: Tensor
    steps: Tensor
    classes: Tensor
    lengths: Tensor


class Lines(Protocol):
    """Lines to learn from: pixels of a strip (any height) and its text."""

    def __len__(self) -> int:
        """Return how many lines there are."""
        ...

    def __getitem__(self, index: int, /) -> tuple[Pixels, str]:
        """Return pixels and text of one."""
        ...


def batches(
    sources: Sequence[tuple[Lines, float]],
    characters: str,
    rng: Random,
    height: int,
    size: int,
    most_px: int,
    most_letters: int = 99,
    much: float = 1.0,
) -> Iterator[Batch]:
    """Return batches without end, mixed from the sources by their shares.

    Args:
        characters: of the model; all texts are written with them.
        size: lines in a batch, fewer where they are long: `most_px` bounds their widths' sum.
        most_letters: longer lines are passed over.
        much: see `bend`.
    """
    grain = np.random.default_rng(rng.randrange(2**32))
    shares = [share for _lines, share in sources]
    while True:
        drawn: list[tuple[Grey, str]] = []
        while len(drawn) < POOL * size:
            lines = rng.choices([lines for lines, _ in sources], shares)[0]
            pixels, text = lines[rng.randrange(len(lines))]
            if len(text) <= most_letters:
                strip = bend(pixels, height, rng, grain, much)
                if strip.shape[1] // STEP_PX >= least_steps(text):
                    drawn.append((strip, text))
        drawn.sort(key=lambda item: item[0].shape[1])
        groups: list[list[tuple[Grey, str]]] = [[]]
        for item in drawn:
            full = len(groups[-1]) >= size or (len(groups[-1]) + 1) * item[0].shape[1] > most_px
            if full and groups[-1]:
                groups.append([])
            groups[-1].append(item)
        rng.shuffle(groups)
        for group in groups:
            yield collate([pixels for pixels, _ in group], [text for _, text in group], characters)


def bend(
    strip: Pixels, height: int, rng: Random, grain: np.random.Generator, much: float = 1.0
) -> Grey:
    """Return the strip at the network's height: leaning, wider or narrower, blotted, paler.

    Args:
        much: how far a hand is made another's: 1 for readers of any hand, less for one of few.
    """
    strip = np.ascontiguousarray(strip)
    if rng.random() < much:
        strip = pressed(strip, rng)
    factor = height / strip.shape[0]
    wide = factor * rng.uniform(1 - 0.28 * much, 1 + 0.25 * much)
    high = factor * (1 - (rng.uniform(0, 0.16) if rng.random() < 0.5 else 0))
    shear = rng.gauss(0, 0.16 * much)
    rise = rng.gauss(0, 0.004)
    width = max(16, round(strip.shape[1] * wide + abs(shear) * height))
    top = rng.uniform(0, 1) * (height - high * strip.shape[0])
    matrix = np.array(
        [
            [wide, -shear * high, max(0.0, shear) * height],
            [rise * wide, high, top - rise * width / 2],
        ],
        np.float32,
    )
    bent: npt.NDArray[Any] = cv2.warpAffine(
        strip, matrix, (width, height),
        flags=cv2.INTER_AREA if factor < 0.5 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=255,
    )  # fmt: skip
    if rng.random() < 0.5 * much:
        bent = sway(bent, rng, grain)
    if rng.random() < 0.2:
        bent = cv2.GaussianBlur(bent, (0, 0), rng.uniform(0.3, 0.9))
    out = bent.astype(np.float32) / 255
    if rng.random() < 0.5:
        out = 1 - (1 - out) * rng.uniform(0.55, 1.25)
    if rng.random() < 0.3:
        out = out + grain.normal(0, rng.uniform(0.01, 0.06), out.shape).astype(np.float32)
    if rng.random() < 0.08:  # a blot, or a fleck of paper
        x, w = rng.randrange(out.shape[1]), rng.randrange(2, 10)
        y, h = rng.randrange(height), rng.randrange(2, 10)
        out[y : y + h, x : x + w] = rng.random()
    return np.asarray(np.clip(out, 0, 1), np.float32)


def pressed(strip: Pixels, rng: Random) -> Pixels:
    """Return the strip, still at its full height, as another pen had written it: bold or thin."""
    chance = rng.random()
    if chance < 0.15:
        bolder = np.ones(rng.choice(((2, 2), (3, 2), (2, 3))), np.uint8)
        return np.asarray(cv2.erode(strip, bolder), np.uint8)
    if chance < 0.25:
        thinner = np.ones(rng.choice(((2, 1), (1, 2), (2, 2))), np.uint8)
        return np.asarray(cv2.dilate(strip, thinner), np.uint8)
    return strip


def sway(strip: npt.NDArray[Any], rng: Random, grain: np.random.Generator) -> npt.NDArray[Any]:
    """Return the strip with letters wider here and narrower there, higher and lower."""
    height, width = strip.shape
    coarse = grain.normal(0, 1, (2, 1, width // 20 + 3)).astype(np.float32)
    along, across = (cv2.resize(row, (width, 1), interpolation=cv2.INTER_CUBIC) for row in coarse)
    xs = np.arange(width, dtype=np.float32) + along * np.float32(rng.uniform(0, 2.2))
    ys = np.arange(height, dtype=np.float32)[:, None] + across * np.float32(rng.uniform(0, 1.2))
    swayed: npt.NDArray[Any] = cv2.remap(
        strip, np.ascontiguousarray(np.broadcast_to(xs, strip.shape)), ys, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=255,
    )  # fmt: skip
    return swayed


def collate(strips: Sequence[Grey], texts: Sequence[str], characters: str) -> Batch:
    """Put strips of about one width into one tensor, white on the right."""
    codes = {letter: index for index, letter in enumerate(characters, 1)}
    width = -(-(max(strip.shape[1] for strip in strips) + ROOM) // 8) * 8
    pixels = np.ones((len(strips), 1, strips[0].shape[0], width), np.float32)
    for place, strip in enumerate(strips):
        pixels[place, 0, :, : strip.shape[1]] = strip
    steps = torch.tensor([min(width, strip.shape[1] + ROOM) // STEP_PX for strip in strips])
    classes = torch.tensor([codes[letter] for text in texts for letter in text])
    return Batch(torch.from_numpy(pixels), steps, classes, torch.tensor([len(t) for t in texts]))
