"""A small reader for tests, and the loud word when torch is not here."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.store.models import TunedModel, keep_model
from pipeline.values import Pixels

torch = pytest.importorskip("torch", reason="NOT RUN: no torch; pip install 'sohoa[train]'")
pytest.importorskip("onnx", reason="NOT RUN: no onnx; pip install 'sohoa[train]'")

from pipeline.store.durable import sha256_of  # noqa: E402
from pipeline.tuning.exporting import FEED, export  # noqa: E402
from pipeline.tuning.networks import Reader, make  # noqa: E402

LETTERS = "abc "


def used_norms(reader: Reader) -> Reader:
    """Give every norm other figures than it is born with, as training does."""
    for layer in reader.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.1, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
            torch.nn.init.uniform_(layer.bias, -0.1, 0.1)
    return reader.eval()


def tiny_reader(*, silent: bool = False) -> Reader:
    """A compact reader that has learnt nothing; a silent one reads nothing for long to come."""
    torch.manual_seed(4)
    reader = make("compact", len(LETTERS) + 1)
    if silent:
        with torch.no_grad():
            reader.trunk.classifier.bias[0] += 30
    return reader


def keep_tiny(archive: Path, folder: Path, *, silent: bool = False) -> None:
    """Put a tiny reader into an archive as its model `tiny`."""
    file = folder / "tiny.onnx"
    export(tiny_reader(silent=silent), file)
    card = TunedModel(
        "tiny", "tiny.onnx", sha256_of(file), "compact", FEED, "", "", "2026-01-01T00:00:00+00:00",
        "", 0, 0, (), (1.0, 1.0), (1.0, 1.0),
    )  # fmt: skip
    keep_model(archive, card, file, LETTERS)


def strip(number: int) -> Pixels:
    """A strip with some strokes; each number has its own."""
    rng = np.random.default_rng(number)
    pixels = np.full((48, 200), 255, np.uint8)
    for left in rng.integers(10, 180, 8):
        pixels[8:40, left : left + 4] = 20
    return pixels
