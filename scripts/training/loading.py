"""Lines from shards, for training."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from pipeline.values import Pixels
from training.strips import HEIGHT_PX, Shard, read_shard
from training.texts import CHARACTERS

_LETTERS = frozenset(CHARACTERS)


class Lines:
    """The lines of some shards of one source, those left out that the reader cannot write."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.shards = shards
        self.lefts = [np.concatenate(([0], np.cumsum(shard.widths))) for shard in shards]
        self.places = [
            (number, index)
            for number, shard in enumerate(shards)
            for index, text in enumerate(shard.texts)
            if set(text) <= _LETTERS
        ]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, at: int) -> tuple[Pixels, str]:
        """Return pixels and text of a line."""
        number, index = self.places[at]
        shard = self.shards[number]
        return shard.strip(index, self.lefts[number]), shard.texts[index]


def open_lines(folder: Path, pattern: str) -> Lines:
    """Open all shards whose names match."""
    files = sorted(file.with_suffix("") for file in folder.glob(f"{pattern}.json"))
    return Lines([read_shard(file) for file in files])


def resized(strip: np.ndarray, height: int) -> np.ndarray:
    """Return the strip as the engine feeds it."""
    width = max(16, round(strip.shape[1] * height / HEIGHT_PX))
    small = cv2.resize(np.ascontiguousarray(strip), (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255
